/**
 * A profile's timeline: its events, and what its history tells, as one list of days. What one event did to the identity is
 * one entry, however many entries the history has for it. Pure; see test/console/timeline.test.ts.
 */
import { callName, dayTitle } from "../../words.ts"

interface IdentifierLike {
  readonly type: string
  readonly id: string
  readonly collection: string
}

interface EventLike {
  readonly messageId: string
  readonly type: string
  readonly event: string | null
  readonly timestamp: string
  readonly sourceId: string
  readonly properties: unknown
}

interface HistoryLike {
  readonly id: string
  readonly kind: string
  readonly at: string
  readonly text: string
  readonly messageId: string | null
  readonly actor: string | null
  readonly data: unknown
}

export interface TimelineEntry {
  readonly key: string
  readonly at: string
  /** Something happened to the identity. */
  readonly identity: boolean
  readonly title: string
  /** After the title, in grey. */
  readonly detail: string | undefined
  /** Profile on the other side. */
  readonly other: string | undefined
  readonly identifiers: ReadonlyArray<IdentifierLike & { readonly how: "new" | "out" | undefined }>
  readonly messageId: string | null
  readonly sourceId: string | undefined
  /** The event or person behind it. */
  readonly by: string | undefined
  readonly warning: boolean
}

export interface TimelineDay {
  readonly title: string
  readonly entries: ReadonlyArray<TimelineEntry>
}

/** A line of the list: the name of a day, or what happened on it. */
export type TimelineRow =
  | { readonly key: string; readonly day: TimelineDay; readonly entry?: undefined }
  | { readonly key: string; readonly entry: TimelineEntry }

interface HistoryData {
  readonly others?: ReadonlyArray<string>
  readonly identifiers?: ReadonlyArray<IdentifierLike>
  readonly cause?: {
    readonly name?: string | null
    readonly type?: string
    readonly sourceId?: string
    readonly happenedAt?: string
  }
}

const dataOf = ({ data }: HistoryLike): HistoryData =>
  typeof data === "object" && data !== null ? (data as HistoryData) : {}

/** When the event behind it happened, which may be long before it was received; when a person asked. */
export const happenedOf = (entry: HistoryLike): string => dataOf(entry).cause?.happenedAt ?? entry.at

const titles: Readonly<Record<string, string>> = {
  CREATED: "Profile created",
  MERGED: "Merged in",
  SPLIT: "Split off",
  UNMERGED: "Merge undone",
  IDENTIFIER_REMOVED: "Identifier removed",
  SEPARATED: "Kept apart from",
  LIFTED: "May merge again with"
}

const listed = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`

/** The properties that tell most on one line: short texts and numbers. */
const gist = (properties: unknown): string | undefined => {
  if (typeof properties !== "object" || properties === null) return undefined
  const parts = Object.entries(properties)
    .filter(
      ([, value]) => (typeof value === "string" && value !== "" && value.length < 40) || typeof value === "number"
    )
    .slice(0, 2)
    .map(([key, value]) => (key === "name" ? String(value) : `${key} ${String(value)}`))
  return parts.length === 0 ? undefined : parts.join(", ")
}

/** PRO-72: identify, group and alias calls are not listed by themselves; what they did to the identity is. */
const listedTypes = new Set(["TRACK", "PAGE", "SCREEN"])

const eventEntry = (event: EventLike): TimelineEntry => ({
  key: `e${event.messageId}`,
  at: event.timestamp,
  identity: false,
  title: callName(event.type, event.event),
  detail: gist(event.properties),
  other: undefined,
  identifiers: [],
  messageId: event.messageId,
  sourceId: event.sourceId,
  by: undefined,
  warning: false
})

/** The entries of one cause as one. */
const identityEntry = (entries: ReadonlyArray<HistoryLike>): TimelineEntry => {
  const [first] = entries as readonly [HistoryLike]
  const mapped = entries
    .filter(({ kind }) => kind === "IDENTIFIER_MAPPED")
    .flatMap((entry) => dataOf(entry).identifiers ?? [])
  const lost = entries
    .filter(({ kind }) => kind === "DEMOTED" || kind === "VIOLATION")
    .flatMap((entry) => dataOf(entry).identifiers ?? [])
  const main = entries.find(({ kind }) => kind in titles)
  const types = [...new Set(mapped.map(({ type }) => type))]
  const lostTypes = [...new Set(lost.map(({ type }) => type))]
  const evidence = main === undefined ? [] : (dataOf(main).identifiers ?? [])
  const seen = new Set<string>()
  const identifiers = [
    ...mapped.map((each) => ({ ...each, how: "new" as const })),
    ...lost.map((each) => ({ ...each, how: "out" as const })),
    ...evidence.map((each) => ({ ...each, how: undefined }))
  ].filter(({ type, id }) => {
    const key = `${type}:${id}`
    return !seen.has(key) && seen.add(key)
  })
  const { cause } = dataOf(first)
  return {
    key: `h${first.id}`,
    at: happenedOf(first),
    identity: true,
    title:
      main !== undefined
        ? titles[main.kind]!
        : types.length > 0
          ? `${listed(types)} added`
          : `${listed(lostTypes)} not used`,
    detail: undefined,
    other: main === undefined ? undefined : dataOf(main).others?.[0],
    identifiers,
    messageId: first.messageId,
    sourceId: cause?.sourceId,
    by: first.actor ?? callName(cause?.type ?? null, cause?.name ?? null),
    warning: main === undefined && types.length === 0
  }
}

/** `shown`: only what came, or only what it did to the identity; the times of both are needed for either. */
export const timeline = (
  events: ReadonlyArray<EventLike>,
  history: ReadonlyArray<HistoryLike>,
  shown: "all" | "events" | "identity" = "all",
  now = Date.now()
): ReadonlyArray<TimelineDay> => {
  const groups = new Map<string, Array<HistoryLike>>()
  for (const entry of history) {
    const key = entry.messageId ?? entry.id
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  // An event is placed where it happened, what it did to the identity beside it.
  const happened = new Map(events.map(({ messageId, timestamp }) => [messageId, timestamp]))
  // Newest first, also where times are equal: histories come oldest first.
  const plain = events.filter(
    ({ messageId, type }) => listedTypes.has(type) && (shown === "events" || !groups.has(messageId))
  )
  const changes = [...groups.values()].toReversed().map((group) => {
    const entry = identityEntry(group)
    return { ...entry, at: (entry.messageId === null ? undefined : happened.get(entry.messageId)) ?? entry.at }
  })
  const entries = [...(shown === "identity" ? [] : plain.map(eventEntry)), ...(shown === "events" ? [] : changes)].sort(
    (a, b) => Date.parse(b.at) - Date.parse(a.at)
  )
  const days: Array<{ title: string; entries: Array<TimelineEntry> }> = []
  for (const entry of entries) {
    const title = dayTitle(entry.at, now)
    const last = days.at(-1)
    if (last?.title === title) last.entries.push(entry)
    else days.push({ title, entries: [entry] })
  }
  return days
}

export const rowsOf = (days: ReadonlyArray<TimelineDay>): ReadonlyArray<TimelineRow> =>
  days.flatMap((day) => [
    { key: `d${day.entries[0]!.key}`, day },
    ...day.entries.map((entry) => ({ key: entry.key, entry }))
  ])

/** Of one of the two lists that a timeline is made of, the newest first. */
interface Loaded {
  /** Times of what has been read. */
  readonly oldest: string | undefined
  readonly more: boolean
}

/**
 * Down to which time both lists have been read, ms: what is older may still get company and is not shown. `-Infinity`: all of
 * it. The list that holds it up is the one to read on in.
 */
export const frontierOf = (
  events: Loaded,
  history: Loaded
): { readonly at: number; readonly next: "events" | "history" | undefined } => {
  const reached = ({ oldest, more }: Loaded) =>
    more && oldest !== undefined ? Date.parse(oldest) : Number.NEGATIVE_INFINITY
  const [e, h] = [reached(events), reached(history)]
  if (!events.more && !history.more) return { at: Number.NEGATIVE_INFINITY, next: undefined }
  return e >= h ? { at: e, next: events.more ? "events" : "history" } : { at: h, next: "history" }
}

/** Days down to a time. */
export const until = (days: ReadonlyArray<TimelineDay>, at: number): ReadonlyArray<TimelineDay> =>
  days.flatMap(({ title, entries }) => {
    const shown = entries.filter((entry) => Date.parse(entry.at) >= at)
    return shown.length === 0 ? [] : [{ title, entries: shown }]
  })
