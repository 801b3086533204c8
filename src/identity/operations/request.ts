/**
 * Asking a space's actor for an operation, from whatever process: a row of `space_operations`, and waiting for its answer.
 */
import { Duration, Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import {
  type OperationAnswers,
  type OperationKind,
  type OperationProblem,
  OperationRefused,
  type OperationRequest
} from "./operation.ts"

const longest = Duration.seconds(30)

const timedOut = (waited: Duration.Duration) =>
  new OperationRefused({
    code: "TIMEOUT",
    message: `The space did not take the operation within ${Duration.toSeconds(waited)} s: it is busy, or the identity graph is away. The operation is kept and may still be executed; look into the audit trail before asking again.`
  })

interface Row {
  readonly answer: string | null
  readonly code: OperationProblem | null
  readonly error: string | null
}

/** Fails with what the operation was refused for; `TIMEOUT` when nobody took it in time. */
export const requestOperation = Effect.fnUntraced(function* <K extends OperationKind>(
  database: Database["Service"],
  request: OperationRequest<K>,
  /** For the answer. */
  patience: Duration.Duration = longest
): Effect.fn.Return<OperationAnswers[K], OperationRefused | SqlError.SqlError> {
  const { write: sql } = database
  const { spaceId, kind, input, actor, reason } = request
  const [row] = yield* sql<{ id: number }>`insert into space_operations (space, kind, input, actor, reason)
    values (${spaceId}, ${kind}, ${JSON.stringify(input)}, ${actor}, ${reason}) returning id::float8 as id`
  const finished = sql<Row>`select answer, code, error from space_operations
    where id = ${row!.id}::float8::bigint and finished_at is not null`
  const [done] = yield* finished.pipe(
    // The operation was asked for: what cannot be read now may be answered yet.
    Effect.catch(() => Effect.succeed<ReadonlyArray<Row>>([])),
    Effect.repeat({
      schedule: Schedule.min([Schedule.exponential("10 millis", 1.5), Schedule.spaced("200 millis")]),
      until: (rows) => rows.length > 0
    }),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(timedOut(patience)) })
  )
  if (done!.code !== null) return yield* new OperationRefused({ code: done!.code, message: done!.error ?? done!.code })
  return JSON.parse(done!.answer ?? "{}") as OperationAnswers[K]
})
