/**
 * `braid token`: makes an access token, beside a running service or without one, and shows it once. The first one of an installation
 * signs somebody in to the console, who makes the others there.
 */
import { Console, Effect, References } from "effect"
import { userInfo } from "node:os"
import { storesToRead } from "./app.ts"
import { chosenSpace } from "./command-input.ts"
import { Settings } from "./config.ts"
import { Database } from "./platform/database.ts"
import { changeWorkspace } from "./workspace/changes.ts"
import { createToken } from "./workspace/manage-tokens.ts"

export interface TokenArguments {
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  /** Slug; undefined: of the whole workspace. */
  readonly space: string | undefined
}

const make = ({ name, scopes, space }: TokenArguments) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const spaceId = space === undefined ? null : (yield* chosenSpace(space)).id
    const actor = `command line (${userInfo().username})`
    const { secret } = yield* changeWorkspace(sql, actor, (change) => createToken(change, { spaceId, name, scopes }))
    return secret
  })

export const makeToken = (wanted: TokenArguments) =>
  Effect.gen(function* () {
    const secret = yield* make(wanted).pipe(
      Effect.provide(storesToRead),
      Effect.provideService(References.MinimumLogLevel, "Warn")
    )
    const { publicUrl, host, port } = yield* Settings
    const base = publicUrl === "" ? `http://${host}:${port}` : publicUrl
    yield* Console.log(`\n  token     ${secret}    shown only now, stored hashed`)
    yield* Console.log(`  console   ${base}/console/sign-in#token=${secret}`)
    yield* Console.log("\nA running service knows it within five seconds.")
  })
