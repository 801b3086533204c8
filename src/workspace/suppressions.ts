/**
 * Who is suppressed, as every process knows it (IDR-161, PRV-5): the list in PostgreSQL, followed by its version once a
 * second, so a change is in force everywhere within two seconds as long as the database answers. Asking is cheaper than a
 * connection kept for notifications.
 *
 * Whoever does not provide this service suppresses nobody.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Context, Effect, Layer, Metric, Schedule, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import type { Health } from "../platform/health.ts"
import { supervise } from "../platform/supervise.ts"
import { SuppressedSet } from "./suppressed-set.ts"
import { Workspace } from "./workspace.ts"

const pollEvery = "1 second"
const rowsAPage = 10_000
/** Lifted rows are removed after a day: who was away for longer than this reads the list anew. */
const staleAfterMs = 3_600_000

const users = Metric.gauge("braid_suppressed_users", { description: "Suppressed user ids" })
const bytes = Metric.gauge("braid_suppressed_bytes", { description: "Memory of the suppressed user ids" })

/** The list as one process holds it. */
export class SuppressedUsers {
  readonly #everywhere = new SuppressedSet()
  readonly #bySource = new Map<string, SuppressedSet>()

  /** `source`: id. */
  has(userId: string, source: string): boolean {
    return this.#everywhere.has(userId) || this.#bySource.get(source)?.has(userId) === true
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  get size(): number {
    return this.#sum((set) => set.size)
  }

  get bytes(): number {
    return this.#sum((set) => set.bytes)
  }

  #sum(of: (set: SuppressedSet) => number): number {
    let sum = of(this.#everywhere)
    for (const set of this.#bySource.values()) sum += of(set)
    return sum
  }

  change(userId: string, source: string, suppressed: boolean): void {
    let set = source === "" ? this.#everywhere : this.#bySource.get(source)
    if (set === undefined) this.#bySource.set(source, (set = new SuppressedSet()))
    if (suppressed) set.add(userId)
    else set.remove(userId)
    if (set.size === 0 && source !== "") this.#bySource.delete(source)
  }
}

interface Row {
  readonly source: string
  readonly h: string
  readonly user_id: string
  readonly version: number
  readonly lifted: boolean
}

const zero = "00000000-0000-0000-0000-000000000000"

/** Follows the list; each call takes over what was committed before it. */
const makeFollower = (sql: PgClient.PgClient) => {
  let current = new SuppressedUsers()
  let version = 0
  let fresh = 0
  const refresh = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const [head] = yield* sql<{ version: number }>`select version::float8 as version from suppression`
    const isStale = fresh !== 0 && now - fresh > staleAfterMs
    if (head === undefined) return
    if (head.version === version && !isStale) {
      fresh = now
      return
    }
    const next = isStale ? new SuppressedUsers() : current
    // Versions are given under a lock: nothing of an older one appears later.
    let at = { version: isStale ? 0 : version + 1, h: zero }
    for (;;) {
      const rows =
        yield* sql<Row>`select source, h::text as h, user_id, version::float8 as version, lifted_at is not null as lifted
        from suppressed_users where (version, h) >= (${at.version}::float8::bigint, ${at.h}::uuid) and version <= ${head.version}::float8::bigint
        order by version, h limit ${rowsAPage}`
      for (const row of rows) next.change(row.user_id, row.source, !row.lifted)
      if (rows.length < rowsAPage) break
      at = rows.at(-1)!
    }
    current = next
    version = head.version
    fresh = now
  })
  return { refresh, current: () => current }
}

/** Whether a user id is suppressed for a source, by the source's number; a plain function for hot paths. */
export type IsSuppressed = (userId: string, source: number) => boolean

export const Suppressions = Context.Reference<{
  /** Undefined while nobody is suppressed. */
  readonly current: () => IsSuppressed | undefined
  /** Takes over what was committed before this call. */
  readonly refresh: Effect.Effect<void, SqlError.SqlError>
}>("braid/workspace/Suppressions", { defaultValue: () => ({ current: () => undefined, refresh: Effect.void }) })

/** Built before anything that lets events in or resolves them: the list is read when it is there. */
export const suppressionsLive: Layer.Layer<never, SqlError.SqlError, Database | Workspace | Health> = Layer.effect(
  Suppressions,
  Effect.gen(function* () {
    const { read } = yield* Database
    const workspace = yield* Workspace
    const follower = makeFollower(read)
    const one = yield* Semaphore.make(1)
    const refresh = one.withPermits(1)(follower.refresh)
    yield* refresh
    const told = Effect.suspend(() => {
      const { bytes: memory, size } = follower.current()
      return Effect.andThen(Metric.update(users, size), Metric.update(bytes, memory))
    })
    const follow = Effect.andThen(refresh, told).pipe(Effect.repeat(Schedule.spaced(pollEvery)), Effect.asVoid)
    yield* Effect.forkScoped(supervise("suppression", follow))
    const isSuppressed: IsSuppressed = (userId, source) =>
      follower.current().has(userId, workspace.current().sourceByNo.get(source)?.id ?? "")
    return { current: () => (follower.current().isEmpty ? undefined : isSuppressed), refresh }
  })
)
