/** Tokens and idempotency in two processes that share a database. */
import { Effect, Schedule } from "effect"
import { expect, it } from "vitest"
import { labels } from "../../src/public-api/groups/labels.ts"
import { tokens } from "../../src/public-api/groups/tokens.ts"
import { workspaces } from "../../src/public-api/groups/workspaces.ts"
import { servePublicApi, type Serving } from "../support/public-api-process.ts"
import { installation } from "../support/workspaces.ts"

const owner = { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }

const answers = ({ call }: Serving, secret: string, status: number) =>
  Effect.map(call("GET", "/", undefined, secret), (answer) => answer.status).pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (it) => it === status }),
    Effect.timeout("5 seconds")
  )

it("AC8-24, ADM-19: a token made in one process is known in the other, and ends there within five seconds; so is an answer", () =>
  installation(({ write, start }) => {
    write({ sources: [], spaces: [], tokens: [owner] })
    const serving = Effect.flatMap(start, (process) =>
      servePublicApi(process, Effect.all([workspaces, labels, tokens]))
    )
    return Effect.gen(function* () {
      const one = yield* serving
      const two = yield* serving
      const { secret, token } = (yield* one.call("POST", "/tokens", { description: "deploy" })).body.data
      yield* answers(two, secret, 200)
      const post = (url: string) =>
        Effect.promise(() =>
          fetch(`${url}/labels`, {
            method: "POST",
            headers: { authorization: `Bearer ${secret}`, "idempotency-key": "once", connection: "close" },
            body: JSON.stringify({ label: { key: "team", value: "blue" } })
          }).then((response) => response.status)
        )
      const statuses = yield* Effect.all([post(one.url), post(two.url)], { concurrency: 2 })
      // Both at once: one does it, the other is given its answer or told to wait.
      expect(statuses.filter((status) => status !== 409)).toContain(201)
      expect(yield* post(two.url)).toBe(201)
      expect((yield* two.call("GET", "/labels")).body.data.labels).toContainEqual({ key: "team", value: "blue" })
      yield* one.call("DELETE", `/tokens/${token.id}`)
      yield* answers(two, secret, 401)
    })
  }))
