/** What counts are told apart by, of one event: bounded texts, so that a sender decides neither the size of a row nor of a key. */

/** Stands for what has no room of its own. */
export const other = "(other)"

const longestName = 200
const longestVersion = 64
const longestCode = 64

const cut = (text: string, longest: number): string =>
  // A string of its own: a slice would hold on to the message that it was cut from.
  text.length > longest ? Buffer.from(text.slice(0, longest)).toString() : text

export const cutName = (name: string): string => cut(name, longestName)
export const cutVersion = (version: string): string => cut(version, longestVersion)

/** Tables know the refused connection by the name of the Delivery Overview (DEL-3). */
export const storedCode = (code: string): string => (code === "ECONNREFUSED" ? "EREFUSED" : cut(code, longestCode))

interface MaybeMessage {
  readonly type?: unknown
  readonly event?: unknown
  readonly context?: unknown
}

/** Name of an event: only `track` has one (ING-116). */
export const eventNameOf = ({ type, event }: MaybeMessage): string =>
  type === "track" && typeof event === "string" ? cutName(event) : ""

/** `context.app.version`. */
export const appVersionOf = ({ context }: MaybeMessage): string => {
  if (typeof context !== "object" || context === null || !("app" in context)) return ""
  const { app } = context
  if (typeof app !== "object" || app === null || !("version" in app)) return ""
  return typeof app.version === "string" ? cutVersion(app.version) : ""
}
