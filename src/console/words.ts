/** How values are written for people: names, times, ids, numbers. Pure. */

const familyOf: Readonly<Record<string, Family>> = {
  user_id: "account",
  email: "contact",
  phone: "contact",
  anonymous_id: "cookie",
  ga_client_id: "cookie",
  cross_domain_id: "cookie",
  braze_id: "cookie",
  group_id: "group"
}

export type Family = "account" | "contact" | "device" | "cookie" | "group"

/** The five families of identifiers that have a hue of their own. */
export const family = (type: string, collection: string = "USERS"): Family =>
  familyOf[type] ??
  (/^(?:ios|android)\./.test(type) ? "device" : collection.toLowerCase() === "accounts" ? "group" : "account")

interface NamedTrait {
  readonly key: string
  readonly value: unknown
}

export const anonymous = "Anonymous User"

/** PRO-71: name, else first and last name, else "Anonymous User". */
export const nameOf = (traits: ReadonlyArray<NamedTrait>): string => {
  const of = (...keys: ReadonlyArray<string>) => {
    for (const key of keys) {
      const value = traits.find((trait) => trait.key === key)?.value
      if (typeof value === "string" && value.trim() !== "") return value.trim()
    }
    return undefined
  }
  const parts = [of("first_name", "firstName"), of("last_name", "lastName")].filter((part) => part !== undefined)
  return of("name") ?? (parts.length > 0 ? parts.join(" ") : (of("email") ?? anonymous))
}

export const initials = (name: string): string => {
  const letters = name
    .split(/[\s@._-]+/)
    .filter((word) => word !== "")
    .map((word) => [...word][0]!.toUpperCase())
  return (letters.length > 1 ? letters[0]! + letters[1]! : (letters[0] ?? "?")).slice(0, 4)
}

/** `use_2pQ7…5aHG`; short ones as they are. */
export const shortId = (id: string): string => (id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id)

export const tailId = (id: string): string => id.slice(-4)

const number = new Intl.NumberFormat("en-US")
export const count = (value: number): string => number.format(value)

/** `12.9k`, for the sidebar. */
export const brief = (value: number): string =>
  value < 10_000
    ? count(value)
    : value < 1_000_000
      ? `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`
      : `${(value / 1e6).toFixed(1)}M`

/** `1 event`, `2 events`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const two = (value: number) => String(value).padStart(2, "0")

export const clock = (at: string | number): string => {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

export const clockMs = (at: string | number): string =>
  `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`

export const minute = (at: string | number): string => clock(at).slice(0, 5)

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString()

/** `2 Apr`, with the year when it is not this one. */
export const day = (at: string | number, now = Date.now()): string => {
  const date = new Date(at)
  const year = date.getFullYear() === new Date(now).getFullYear() ? "" : ` ${date.getFullYear()}`
  return `${date.getDate()} ${months[date.getMonth()]!}${year}`
}

/** `Today`, `Yesterday`, `2 Apr`. */
export const dayTitle = (at: string | number, now = Date.now()): string => {
  const date = new Date(at)
  if (sameDay(date, new Date(now))) return "Today"
  return sameDay(date, new Date(now - 86_400_000)) ? "Yesterday" : day(at, now)
}

/** `14:01:49` today, `2 Apr, 14:01` otherwise. */
export const moment = (at: string | number, now = Date.now()): string =>
  sameDay(new Date(at), new Date(now)) ? clock(at) : `${day(at, now)}, ${minute(at)}`

/** In full, for tooltips. */
export const exact = (at: string | number): string => new Date(at).toISOString()

/** `4 s ago`. */
export const ago = (at: string | number, now = Date.now()): string => {
  const seconds = Math.max(0, Math.round((now - new Date(at).getTime()) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} d ago`
}

/** A value of a trait or property on one line. */
export const valueText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""))

export const windowText = (window: string): string => window.toLowerCase()

/** `Page Viewed`, or the call when the event has no name. */
export const callName = (type: string | null, event: string | null): string => event ?? (type ?? "event").toLowerCase()

/** Who did something: `token:ops` is whoever has the token that is called so. */
export const actorText = (actor: string): string => actor.replace(/^token:/, "")
