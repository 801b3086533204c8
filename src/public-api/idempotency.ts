/**
 * `Idempotency-Key` on POST (ADM-19): for a day the same request gets the same answer, another one 409. The key is taken before
 * the work begins, so two at once cannot both do it. Answers are kept sealed with a key made of the caller's own secret: a token
 * that was shown once is in no table, and only who sent the request can be given its answer again.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"
import { sha256Hex } from "../platform/hash.ts"
import type { Caller } from "./caller.ts"
import { problem, type PublicApiProblem } from "./problem.ts"

const keptMs = 24 * 60 * 60 * 1000
/** A process that was killed in the middle keeps a key for so long. */
const abandonedMs = 60_000
const longestKey = 255

const cipher = "aes-256-gcm"
const sealingKey = (secret: string) => Buffer.from(hkdfSync("sha256", secret, "", "braid idempotency", 32))

const seal = (secret: string, text: string): Buffer => {
  const iv = randomBytes(12)
  const sealing = createCipheriv(cipher, sealingKey(secret), iv)
  const body = Buffer.concat([sealing.update(text, "utf8"), sealing.final()])
  return Buffer.concat([iv, sealing.getAuthTag(), body])
}

const unseal = (secret: string, sealed: Uint8Array): string => {
  const bytes = Buffer.from(sealed)
  const opening = createDecipheriv(cipher, sealingKey(secret), bytes.subarray(0, 12))
  opening.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([opening.update(bytes.subarray(28)), opening.final()]).toString("utf8")
}

export interface TextAnswer {
  readonly status: number
  readonly text: string
}

interface Row {
  readonly request: string
  readonly status: number | null
  readonly answer: Uint8Array | null
}

/** `request`: everything that makes it the same request. */
export const idempotently = <E>(
  sql: PgClient.PgClient,
  caller: Caller,
  key: string,
  request: string,
  work: Effect.Effect<TextAnswer, E>
): Effect.Effect<TextAnswer, E | PublicApiProblem | SqlError.SqlError> =>
  Effect.gen(function* () {
    if (key === "" || key.length > longestKey)
      return yield* problem(400, "bad-request", `\`Idempotency-Key\` has 1 to ${longestKey} characters.`)
    const now = yield* Clock.currentTimeMillis
    const hash = sha256Hex(request)
    yield* sql`delete from public_api_answers
      where created_at < ${new Date(now - keptMs)} or (status is null and created_at < ${new Date(now - abandonedMs)})`
    const taken = yield* sql`insert into public_api_answers (caller, key, request, created_at)
      values (${caller.key}, ${key}, ${hash}, ${new Date(now)}) on conflict do nothing returning 1`
    if (taken.length === 0) {
      const [row] = yield* sql<Row>`select request, status, answer from public_api_answers
        where caller = ${caller.key} and key = ${key}`
      if (row !== undefined && row.request !== hash)
        return yield* problem(409, "conflict", "This `Idempotency-Key` was used with another request.")
      if (row === undefined || row.status === null || row.answer === null)
        return yield* problem(409, "conflict", "The request with this `Idempotency-Key` is still being worked on.")
      return { status: row.status, text: unseal(caller.secret, row.answer) }
    }
    const forget = sql`delete from public_api_answers where caller = ${caller.key} and key = ${key}`
    // What failed has changed nothing, so it may be tried again under its key.
    const answer = yield* Effect.onError(work, () => Effect.ignore(forget))
    yield* sql`update public_api_answers set status = ${answer.status}, answer = ${seal(caller.secret, answer.text)}
      where caller = ${caller.key} and key = ${key}`
    return answer
  })
