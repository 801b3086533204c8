/**
 * One transaction for all instances of the process that have something to commit, one after the other: what a thousand
 * instances cost the database does not grow with their number. What ends meanwhile goes with the next one.
 *
 * A part that the database refuses holds up nobody else: then each is committed alone, and one that is refused again goes without
 * its samples, which are texts of strangers.
 */
import { Cause, Clock, Effect, Latch, Metric, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { Health } from "../../platform/health.ts"
import { causeMessage, supervise } from "../../platform/supervise.ts"
import type { Part } from "./job.ts"
import type { Committed, DeliveryStore } from "./store.ts"

/** Somebody who commits: an instance. */
export interface Member {
  readonly part: (now: number, idle: boolean) => Part | undefined
  readonly committed: (part: Part, drained: ReadonlySet<string>, now: number) => void
  /** Nothing of the part was written, and nothing will be: another process has the instance, or the database refuses it. */
  readonly refused: (reason: string) => void
}

export interface Committer {
  /** Asks for a part soon. Plain: it is called for every outcome. */
  readonly dirty: (member: Member) => void
  /** Lets these tell also how far they have come without events. */
  readonly idle: (members: Iterable<Member>) => void
  readonly remove: (member: Member) => void
  /** Commits what the member has now, and waits for it. */
  readonly flush: (member: Member) => Effect.Effect<void>
}

const commits = Metric.counter("braid_delivery_commits_total", {
  description: "Transactions in which destinations committed",
  incremental: true
})

const none: ReadonlySet<string> = new Set()
/** Of one transaction, about. */
const mostRows = 10_000
const retryMs = 500

type Collected = ReadonlyArray<readonly [Member, Part]>

export const makeCommitter = (
  store: Pick<DeliveryStore, "commit">,
  everyMs: number,
  fiber = "delivery commits"
): Effect.Effect<Committer, never, Health | Scope.Scope> =>
  Effect.gen(function* () {
    const health = yield* Health
    const woken = yield* Latch.make(false)
    const dirty = new Set<Member>()
    const idle = new Set<Member>()
    const flushing = new Map<Member, () => void>()

    const collect = (now: number): Collected => {
      const found: Array<readonly [Member, Part]> = []
      let rows = 0
      for (const member of [...dirty, ...idle]) {
        if (rows >= mostRows) break
        const asked = idle.delete(member)
        dirty.delete(member)
        const part = member.part(now, asked)
        if (part === undefined) continue
        found.push([member, part])
        rows += part.inserts.length + part.updates.length + part.ends.length + part.counted.length + 1
      }
      return found
    }

    const tell = (found: Collected, { drained, fenced }: Committed, now: number) => {
      for (const [member, part] of found) {
        if (fenced.has(part.destination)) member.refused("another process has taken it over")
        else member.committed(part, drained.get(part.destination) ?? none, now)
        // What ended meanwhile.
        dirty.add(member)
      }
    }

    const attempt = (found: Collected) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const outcome = yield* store.commit(
          found.map(([, part]) => part),
          now
        )
        tell(found, outcome, now)
        yield* Metric.update(commits, 1)
      }).pipe(Effect.uninterruptible)

    /** Until it is there. Whether one that failed was written after all is told by the next: its cursors stand elsewhere. */
    const write = Effect.fnUntraced(function* (found: Collected): Effect.fn.Return<void, SqlError.SqlError> {
      while (true) {
        const tried = yield* Effect.result(attempt(found))
        if (tried._tag === "Success") return
        if (isOfTheData(tried.failure)) return yield* tried.failure
        const reason = causeMessage(Cause.fail(tried.failure))
        health.waiting(fiber, `Commits fail and are tried again: ${reason}`)
        yield* Effect.logWarning(`Delivery could not commit and tries again: ${reason}`)
        yield* Effect.sleep(retryMs)
      }
    })

    const alone = ([member, part]: Collected[number]) =>
      write([[member, part]]).pipe(
        Effect.catch(() => write([[member, { ...part, samples: [] }]])),
        Effect.catch((error) => Effect.sync(() => member.refused(causeMessage(Cause.fail(error)))))
      )

    const round = Effect.gen(function* () {
      yield* woken.await
      if (everyMs > 0) yield* Effect.sleep(everyMs)
      woken.closeUnsafe()
      const found = collect(yield* Clock.currentTimeMillis)
      // Who is not collected yet is in one of the sets.
      const flushed = [...flushing].filter(([member]) => !dirty.has(member) && !idle.has(member))
      if (found.length > 0) {
        yield* write(found).pipe(Effect.catch(() => Effect.forEach(found, alone, { discard: true })))
        health.set(fiber, "running")
        woken.openUnsafe()
      }
      for (const [member, resume] of flushed) {
        flushing.delete(member)
        resume()
      }
    })
    yield* Effect.forkScoped(supervise(fiber, Effect.forever(round)))

    const dirtyOne = (member: Member) => {
      dirty.add(member)
      woken.openUnsafe()
    }
    return {
      dirty: dirtyOne,
      idle: (members) => {
        for (const member of members) idle.add(member)
        woken.openUnsafe()
      },
      remove: (member) => {
        dirty.delete(member)
        idle.delete(member)
      },
      flush: (member) =>
        Effect.callback<void>((resume) => {
          flushing.set(member, () => resume(Effect.void))
          dirtyOne(member)
        })
    }
  })

/** What Postgres says of values (class 22): it would say so for ever. */
const isOfTheData = ({ reason }: SqlError.SqlError): boolean => {
  const { cause } = reason
  return typeof cause === "object" && cause !== null && "code" in cause && String(cause.code).startsWith("22")
}
