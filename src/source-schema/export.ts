/** The schema of a source as a file (ING-137): names, times and counts, never values. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Period, periods, type SchemaName, type SchemaReader, sinceOf } from "./reader.ts"

export const exportTypes = ["track", "identify", "group"] as const
export type ExportType = (typeof exportTypes)[number]

export interface SchemaFile {
  readonly fileName: string
  readonly content: string
}

/** One workspace is one installation. */
const workspaceSlug = "workspace"

/** A spreadsheet would take it for a formula: names come from whoever has the write key. */
const looksLikeFormula = /^[=+\-@\t\r]/

const cell = (value: string | number): string => {
  if (typeof value === "number") return String(value)
  const text = looksLikeFormula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const lines = (rows: ReadonlyArray<ReadonlyArray<string | number>>): string =>
  rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")

/** `2024-05-01T12:00:00.000Z`, that it is longer ago than the file looks, or nothing for one that never came. */
const lastSeen = ({ lastSeen: at }: Pick<SchemaName, "lastSeen">, since: number, period: Period): string =>
  at === null ? "" : at < since ? `more than ${period} days ago` : new Date(at).toISOString()

const countsOf = ({ allowed, blocked }: SchemaName) => [allowed, blocked, allowed + blocked]

/** `workspace-web-track--2024-05-01--12-00-utc.csv` */
const fileNameOf = (sourceSlug: string, type: ExportType, now: number): string => {
  const [date, time = ""] = new Date(now).toISOString().split("T")
  return `${workspaceSlug}-${sourceSlug}-${type}--${date}--${time.slice(0, 5).replace(":", "-")}-utc.csv`
}

export const isPeriod = (days: number): days is Period => (periods as ReadonlyArray<number>).includes(days)

export const exportSchema = (
  reader: SchemaReader,
  source: { readonly no: number; readonly slug: string },
  type: ExportType,
  period: Period,
  now: number
): Effect.Effect<SchemaFile, SqlError.SqlError> =>
  Effect.gen(function* () {
    const since = sinceOf(now, period)
    const seen = (name: SchemaName) => lastSeen(name, since, period)
    const fileName = fileNameOf(source.slug, type, now)
    if (type !== "track") {
      const traits = yield* reader.all(source.no, type, since)
      const rows = traits.map((trait) => [trait.name, seen(trait), ...countsOf(trait)])
      return {
        fileName,
        content: lines([["Trait Name", "Last Seen At (UTC)", "Allowed", "Blocked", "Total"], ...rows])
      }
    }
    const [events, properties] = yield* Effect.all([
      reader.all(source.no, "event", since),
      reader.everyProperty(source.no, since)
    ])
    const byEvent = Map.groupBy(properties, ({ event }) => event)
    const rows = events.flatMap((event) => {
      // One without properties has a row of its own, lest it be missing.
      const own = byEvent.get(event.name) ?? [{ ...event, name: "" }]
      return own.map((each) => [event.name, seen(each), each.name, ...countsOf(each)])
    })
    const head = ["Event Name", "Last Seen At (UTC)", "Property Name", "Allowed", "Blocked", "Total"]
    return { fileName, content: lines([head, ...rows]) }
  })
