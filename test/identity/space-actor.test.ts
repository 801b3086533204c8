/** The actor of a space on real stores: what it writes equals a clean run of the same events, whatever comes between. */
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { Rig, rig } from "../support/space.ts"
import { differences } from "../system/support/clean-run.ts"
import { makeTraffic } from "../system/support/traffic.ts"

const equalsCleanRun = Effect.gen(function* () {
  const { space } = yield* Rig
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const found = yield* differences({
    database: yield* Database,
    graph: yield* IdentityGraph,
    graphId,
    spaceId: space.id
  })
  expect(found).toEqual([])
})

layer(rig(postgresGraph), { excludeTestServices: true, timeout: "60 seconds" })("space actor", (it) => {
  it.effect("IDR-131 IDR-134: many requests at once end in the graph of the log's order", () =>
    Effect.gen(function* () {
      const { send, settled } = yield* Rig
      const next = makeTraffic(1, 200)
      const requests = Array.from({ length: 300 }, () => Array.from({ length: 10 }, next))
      yield* Effect.forEach(requests, send, { concurrency: 8 })
      yield* settled
      yield* equalsCleanRun
    })
  )

  it.effect("IDR-132 W-33: a message that the ledger has is counted and changes nothing", () =>
    Effect.gen(function* () {
      const { send, settled, space } = yield* Rig
      const { write: sql } = yield* Database
      yield* send([{ messageId: "again", userId: "w33", event: "E" }])
      yield* settled
      // As if it came back after the log's own window: the log knows it no more.
      yield* sql`delete from events where h in (select h from events order by pos desc limit 1)`
      yield* sql.unsafe(`insert into events select (select pos from log_head) + 1, now(), 1, h, body from
        (select s.h, '{"type":"identify","messageId":"again","userId":"someone-else","context":{},"integrations":{},"timestamp":"2026-01-01T00:00:00.000Z","receivedAt":"2026-01-01T00:00:00.000Z"}'::bytea as body
         from ${spaceSchema(space.id)}.stamps s order by pos desc limit 1) x`)
      yield* send([{ userId: "w33", event: "After" }])
      yield* settled
    })
  )
})
