/**
 * Journals that were written before `journal_profiles` existed: their entries are told to the histories of their profiles
 * afterwards (IDR-210), by the owner of the space beside the batches, page by page. `journal_backfill` says how far that is.
 */
import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../../platform/database.ts"
import { float8s, texts } from "../../platform/sql-arrays.ts"
import { type GraphError, IdentityGraph } from "../graph.ts"
import { toldOf } from "../journal.ts"
import { LiveGraphs } from "../live-graphs.ts"
import type { ProfileNo, Seq } from "../model.ts"
import { spaceSchema } from "../schema.ts"
import type { SpaceFenced, SpaceStore } from "../space-store.ts"
import { namedBy, type OperationSides } from "./history-entries.ts"
import { decodeRow, isOperation, type OperationEntry } from "./operation-entry.ts"

const entriesAPage = 500
/** Resolution comes first. */
const betweenPages = "20 millis"
const betweenAttempts = "5 seconds"

export interface TellJournal {
  readonly spaceId: string
  readonly store: SpaceStore
  /** Of the space's owner, as it is here. */
  readonly epoch: () => number
}

/** Tells one page; false: everything is told. */
export const tellPage = Effect.fnUntraced(function* ({
  spaceId,
  store,
  epoch
}: TellJournal): Effect.fn.Return<
  boolean,
  SqlError.SqlError | SpaceFenced | GraphError,
  Database | IdentityGraph | LiveGraphs
> {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(spaceId)
  const s = spaceSchema(spaceId)
  const [place] = yield* sql.unsafe<{ done: Seq; upTo: Seq }>(
    `select done::float8 as done, up_to::float8 as "upTo" from ${s}.journal_backfill`
  )
  if (place === undefined || place.done >= place.upTo) return false
  const page = yield* store.journal(place.done, place.upTo, entriesAPage)
  const profiles: Array<ProfileNo> = []
  const places: Array<Seq> = []
  const tell = (seq: Seq, nos: Iterable<ProfileNo>) => {
    for (const no of nos) {
      profiles.push(no)
      places.push(seq)
    }
  }
  const operations: Array<OperationEntry> = []
  for (const { pos, rec } of page) {
    const entry = decodeRow(pos, rec)
    if (isOperation(entry)) operations.push(entry)
    else tell(pos, toldOf(entry))
  }
  if (operations.length > 0) {
    const audits = yield* sql.unsafe<{ id: string; data: string | null }>(
      `select a.id, a.data from audit a where a.id = any($1::text[])`,
      [texts(operations.map(({ auditId }) => auditId))]
    )
    const sides = new Map(audits.map(({ id, data }) => [id, JSON.parse(data ?? "{}") as OperationSides]))
    // A removed identifier is told to the profile that it was removed from, which only its record names.
    const ids = operations.flatMap(({ successes }) => successes.map(({ segmentId }) => segmentId))
    const named = new Map<string, ProfileNo>()
    for (const collection of ["users", "accounts"] as const) {
      const own = ids.filter((id) => id.startsWith("grp_") === (collection === "accounts"))
      if (own.length === 0) continue
      const found = yield* graph.find(
        graphId,
        collection,
        own.map((segmentId) => ({ segmentId }))
      )
      for (const profile of found) for (const { no, segmentId } of profile?.members ?? []) named.set(segmentId, no)
    }
    for (const entry of operations)
      tell(entry.seq, [
        ...namedBy(entry, sides.get(entry.auditId) ?? {}),
        ...entry.successes.flatMap(({ segmentId }) => named.get(segmentId) ?? [])
      ])
  }
  const done = page.length < entriesAPage ? place.upTo : page.at(-1)!.pos
  yield* store.owned(
    epoch(),
    Effect.andThen(
      sql.unsafe(
        `insert into ${s}.journal_profiles (profile, pos) select u.* from unnest($1::float8[], $2::float8[]) u on conflict do nothing`,
        [float8s(profiles), float8s(places)]
      ),
      sql.unsafe(`update ${s}.journal_backfill set done = $1::float8::bigint`, [done])
    )
  )
  return done < place.upTo
})

/** Tells everything that is not told yet, and ends; goes on where it was interrupted. */
export const tellJournal = (options: TellJournal) =>
  tellPage(options).pipe(
    Effect.retry(Schedule.spaced(betweenAttempts)),
    Effect.repeat({ schedule: Schedule.spaced(betweenPages), while: (more) => more }),
    Effect.asVoid,
    Effect.catchDefect((defect) =>
      Effect.logWarning(`The history of profiles of ${options.spaceId} stays incomplete: ${String(defect)}`)
    )
  )
