/** Spaces, connections, filters, tokens and labels as people manage them, on PostgreSQL; other processes follow. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sha256Hex } from "../../src/platform/hash.ts"
import { makeTokenUse } from "../../src/workspace/token-use.ts"
import {
  auditOf,
  fileSpace,
  installation,
  type Installation,
  type Process,
  sees,
  source
} from "../support/workspaces.ts"

const labelled = { environment: "environment:dev", team: "team:web" }
const sources = [
  source("dev", { labels: [labelled.environment] }),
  source("both", { labels: [labelled.environment, labelled.team] }),
  source("none"),
  source("off", { enabled: false, labels: [labelled.environment, labelled.team] }),
  source("crm", { kind: "object_cloud", writeKeys: [] }),
  source("cloud", { kind: "event_cloud", writeKeys: [] })
]
const empty = { sources, spaces: [] }
const rulesFrom = { custom: { leaveOut: [], suggestedBlocked: true } }

/** One process whose file declares the sources and nothing else. */
const managed = <A>(
  body: (process: Process, installation: Installation) => Effect.Effect<A, unknown>,
  settings: Parameters<typeof installation>[1] = {}
) =>
  installation(
    (made) =>
      Effect.gen(function* () {
        made.write(empty)
        return yield* body(yield* made.start, made)
      }),
    settings
  )

const code = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => (error as { readonly code?: string }).code)

const make = ({ management }: Process, name: string) => management.createSpace("kim", { name, kind: "dev", rulesFrom })

describe("spaces", () => {
  it("AC2-1: the name changes, the slug stays, another slug is SLUG_IMMUTABLE", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management, snapshot } = process
        const id = yield* make(process, "Shop")
        expect(id).toMatch(/^spa_[0-9A-Za-z]{22}$/)
        expect(snapshot().spaceById.get(id)).toMatchObject({ slug: "shop", name: "Shop", kind: "dev" })
        yield* management.updateSpace("kim", id, { name: " Store " })
        yield* management.updateSpace("kim", id, { slug: "shop" })
        expect(snapshot().spaceById.get(id)).toMatchObject({ slug: "shop", name: "Store" })
        expect(yield* code(management.updateSpace("kim", id, { name: "X", slug: "store" }))).toBe("SLUG_IMMUTABLE")
        expect(snapshot().spaceById.get(id)!.name).toBe("Store")
        expect(yield* auditOf(process, id)).toEqual([
          `kim: Space Created (space ${id})`,
          `kim: Space Modified (space ${id})`
        ])
      })
    ))

  it("IDR-3: equal names get -2, -3; also when they are made at once", () =>
    managed(
      (process) =>
        Effect.gen(function* () {
          yield* Effect.all(
            [1, 2, 3].map(() => make(process, "Shop")),
            { concurrency: 3 }
          )
          expect(process.snapshot().spaces.map(({ slug }) => slug)).toEqual(["shop", "shop-2", "shop-3"])
        }),
      { spaceQuota: 0 }
    ))

  it("IDR-4: the third space is SPACE_QUOTA; what the file declares counts, and is not refused", () =>
    managed((process, { write }) =>
      Effect.gen(function* () {
        yield* make(process, "One")
        write({ sources, spaces: [{ id: fileSpace, slug: "file", kind: "dev", sources: [] }] })
        yield* process.workspace.reload
        expect(yield* code(make(process, "Three"))).toBe("SPACE_QUOTA")
        write({
          sources,
          spaces: [fileSpace, fileSpace.replace("0", "9")].map((id, i) => ({
            id,
            slug: `f${i === 0 ? "ile" : 2}`,
            kind: "dev",
            sources: []
          }))
        })
        yield* process.workspace.reload
        expect(process.snapshot().spaces).toHaveLength(3)
      })
    ))

  it.each([[""], ["   "], ["x".repeat(201)]])("a name of the wrong length is refused: %j", (name) =>
    managed((process) => Effect.map(code(make(process, name)), (found) => expect(found).toBe("VALIDATION_FAILED")))
  )

  it("IDR-6: no source can be connected before somebody has decided on the rules", () =>
    managed(
      ({ management }) =>
        Effect.gen(function* () {
          const answers = { industry: "other", mobileApp: false, canonicalUserId: true, otherUniqueId: false } as const
          const draft = yield* management.createSpace("kim", { name: "A", kind: "dev" })
          const review = yield* management.createSpace("kim", {
            name: "B",
            kind: "dev",
            rulesFrom: { outOfTheBox: { ...answers, otherUniqueId: true } }
          })
          const ready = yield* management.createSpace("kim", {
            name: "C",
            kind: "dev",
            rulesFrom: { outOfTheBox: answers }
          })
          for (const id of [draft, review])
            expect(yield* code(management.connectSources("kim", id, ["src_none"]))).toBe("VALIDATION_FAILED")
          yield* management.connectSources("kim", ready, ["src_none"])
        }),
      { spaceQuota: 0 }
    ))
})

describe("connections", () => {
  it("AC2-2: a source without all the labels is not listed and is CONNECTION_POLICY", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management } = process
        const id = yield* make(process, "Shop")
        const listed = () => Effect.map(management.connectable(id), (all) => all.map((each) => each.id))
        expect(yield* listed()).toEqual(["src_dev", "src_both", "src_none", "src_cloud"])
        yield* management.setConnectionPolicy("kim", id, [labelled.environment, labelled.team])
        expect(yield* listed()).toEqual(["src_both"])
        expect(yield* code(management.connectSources("kim", id, ["src_both", "src_dev"]))).toBe("CONNECTION_POLICY")
        // All or none.
        expect(yield* management.connections(id)).toEqual([])
        yield* management.connectSources("kim", id, ["src_both"])
        expect(yield* listed()).toEqual([])
        expect(
          process
            .snapshot()
            .spaceById.get(id)!
            .sources.map((each) => each.id)
        ).toEqual(["src_both"])
      })
    ))

  it("AC2-3: a relabelled source and a tightened policy disconnect nothing and are flagged", () =>
    managed((process, { write }) =>
      Effect.gen(function* () {
        const { management, snapshot, workspace } = process
        const id = yield* make(process, "Shop")
        yield* management.setConnectionPolicy("kim", id, [labelled.environment])
        yield* management.connectSources("kim", id, ["src_dev", "src_both"])
        const flags = () =>
          Effect.map(management.connections(id), (all) => all.map((each) => [each.source.id, each.policyViolation]))
        expect(yield* flags()).toEqual([
          ["src_dev", false],
          ["src_both", false]
        ])
        write({
          sources: sources.map((each) => (each.id === "src_dev" ? { ...each, labels: ["environment:prod"] } : each)),
          spaces: []
        })
        yield* workspace.reload
        expect(yield* flags()).toEqual([
          ["src_dev", true],
          ["src_both", false]
        ])
        yield* management.setConnectionPolicy("kim", id, ["environment:prod"])
        expect(yield* flags()).toEqual([
          ["src_dev", false],
          ["src_both", true]
        ])
        expect(snapshot().spaceById.get(id)!.sources).toHaveLength(2)
      })
    ))

  it.each([
    ["IDR-11: an object cloud source", "src_crm", "SOURCE_TYPE_UNSUPPORTED"],
    ["IDR-11: a disabled source", "src_off", "VALIDATION_FAILED"],
    ["an unknown source", "src_nowhere", "NOT_FOUND"]
  ])("%s cannot be connected", (_, sourceId, expected) =>
    managed((process) =>
      Effect.gen(function* () {
        const id = yield* make(process, "Shop")
        expect(yield* code(process.management.connectSources("kim", id, [sourceId]))).toBe(expected)
      })
    )
  )

  it("IDR-13: disconnecting ends a connection; connecting twice is one", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management, snapshot } = process
        const id = yield* make(process, "Shop")
        yield* management.connectSources("kim", id, ["src_none", "src_none"])
        yield* management.connectSources("kim", id, ["src_none"])
        yield* management.disconnectSource("lee", id, "src_none")
        expect(yield* code(management.disconnectSource("lee", id, "src_none"))).toBe("NOT_FOUND")
        expect(snapshot().spaceById.get(id)!.sources).toEqual([])
        expect((yield* auditOf(process, id)).slice(1)).toEqual([
          "kim: Source Connected To Space (source src_none)",
          "lee: Source Disconnected From Space (source src_none)"
        ])
      })
    ))
})

describe("IDR-10: labels", () => {
  it("exist when built in, made or carried; what is in use cannot be deleted", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management } = process
        const names = () => Effect.map(management.labels(), (all) => all.map(({ label }) => label))
        expect(yield* names()).toEqual(["environment:dev", "environment:prod", "team:web"])
        yield* management.createLabel("kim", "product:car", "Cars")
        expect(yield* code(management.createLabel("kim", "product:car", null))).toBe("CONFLICT")
        expect(yield* code(management.createLabel("kim", "product", null))).toBe("VALIDATION_FAILED")
        const id = yield* make(process, "Shop")
        expect(yield* code(management.setConnectionPolicy("kim", id, ["product:bike"]))).toBe("VALIDATION_FAILED")
        yield* management.setConnectionPolicy("kim", id, ["product:car"])
        expect((yield* management.labels()).find(({ label }) => label === "product:car")).toEqual({
          label: "product:car",
          description: "Cars",
          sources: 0,
          spaces: 1
        })
        for (const [label, expected] of [
          ["product:car", "CONFLICT"],
          ["team:web", "CONFLICT"],
          ["environment:prod", "VALIDATION_FAILED"],
          ["no:where", "NOT_FOUND"]
        ] as const)
          expect(yield* code(management.deleteLabel("kim", label))).toBe(expected)
        yield* management.setConnectionPolicy("kim", id, [])
        yield* management.deleteLabel("kim", "product:car")
        expect(yield* names()).toEqual(["environment:dev", "environment:prod", "team:web"])
        expect((yield* auditOf(process, null)).slice(-2)).toEqual([
          "kim: Label Created (label product:car)",
          "kim: Label Deleted (label product:car)"
        ])
      })
    ))
})

const filter = (n: number) => ({ name: `f${n}`, fql: `event = 'E${n}'`, enabled: true })

describe("IDR-14: event filters", () => {
  it("AC2-7: the 11th is refused; the statement stays, the switch can be turned", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management, snapshot } = process
        const id = yield* make(process, "Shop")
        for (let n = 1; n <= 10; n++) yield* management.createFilter("kim", id, filter(n))
        expect(yield* code(management.createFilter("kim", id, filter(11)))).toBe("VALIDATION_FAILED")
        const [first] = yield* management.filters(id)
        yield* management.setFilterEnabled("kim", id, first!.id, false)
        const filters = snapshot().spaceById.get(id)!.filters!
        expect(filters).toHaveLength(10)
        expect(filters.map(({ enabled }) => enabled).indexOf(false)).toBe(0)
        expect(filters[1]!.matches({ event: "E2" })).toBe(true)
        expect(filters[1]!.matches({ event: "E3" })).toBe(false)
        yield* management.deleteFilter("kim", id, first!.id)
        yield* management.createFilter("kim", id, filter(11))
        expect((yield* auditOf(process, id)).slice(-3).map((line) => line.replace(/flt_\w+/, "flt"))).toEqual([
          "kim: Event Filter Disabled (event filter flt)",
          "kim: Event Filter Deleted (event filter flt)",
          "kim: Event Filter Created (event filter flt)"
        ])
      })
    ))

  it("a statement that is none is refused", () =>
    managed((process) =>
      Effect.gen(function* () {
        const id = yield* make(process, "Shop")
        const error = yield* Effect.flip(
          process.management.createFilter("kim", id, { ...filter(1), fql: "event == 'x'" })
        )
        expect(error).toMatchObject({ code: "VALIDATION_FAILED" })
        expect(error.message).toMatch(/^The filter was refused: /)
      })
    ))
})

describe("tokens", () => {
  it("AC3-17: the secret is shown once and stored hashed; revoked, it opens nothing in any process; both are audited", () =>
    managed((process, { start }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { management, database, snapshot } = process
          const id = yield* make(process, "Shop")
          const other = yield* start
          const token = yield* management.createToken("kim", {
            spaceId: id,
            name: "desk",
            scopes: ["profiles:read", "insights:read"]
          })
          const hash = sha256Hex(token.secret)
          expect(snapshot().tokenByHash.get(hash)).toMatchObject({ id: token.id, spaceId: id, name: "desk" })
          yield* sees(other, ({ tokenByHash }) => tokenByHash.has(hash))
          expect(JSON.stringify(yield* management.tokens(id))).not.toContain(token.secret)
          const stored = yield* database.write<{ all: string }>`
          select coalesce(string_agg(t::text, ''), '') || (select string_agg(a::text, '') from audit a) as all from access_tokens t`
          expect(stored[0]!.all).not.toContain(token.secret)
          yield* management.revokeToken("lee", token.id)
          expect(snapshot().tokenByHash.has(hash)).toBe(false)
          yield* sees(other, ({ tokenByHash }) => !tokenByHash.has(hash))
          expect((yield* auditOf(process, id)).slice(1)).toEqual([
            `kim: Token Created (token ${token.id})`,
            `lee: Token Revoked (token ${token.id})`
          ])
          expect(yield* code(management.revokeToken("lee", token.id))).toBe("NOT_FOUND")
        })
      )
    ))

  it.each([[[]], [["profile:read"]]])("PRO-4: scopes %j are refused", (scopes) =>
    managed((process) =>
      Effect.gen(function* () {
        const spaceId = yield* make(process, "Shop")
        expect(yield* code(process.management.createToken("kim", { spaceId, name: "x", scopes }))).toBe(
          "VALIDATION_FAILED"
        )
      })
    )
  )

  it("PRO-4: last use is noted in memory, written together, and never goes back", () =>
    managed((process) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { management, database } = process
          const spaceId = yield* make(process, "Shop")
          const { id } = yield* management.createToken("kim", { spaceId, name: "x", scopes: ["admin"] })
          const use = yield* makeTokenUse(database.write)
          const last = () => Effect.map(management.token(id), (token) => token!.lastUsedAt)
          use.note(id)
          expect(yield* last()).toBeNull()
          yield* use.flush
          const first = yield* last()
          expect(first).toBeGreaterThan(Date.now() - 60_000)
          yield* database.write`update access_tokens set last_used_at = '2100-01-01'`
          use.note(id)
          yield* use.flush
          expect(yield* last()).toBe(Date.UTC(2100, 0, 1))
        })
      )
    ))
})

describe("several processes", () => {
  it("a change in one is seen by the other, as a snapshot that is swapped whole", () =>
    managed((process, { start }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const other = yield* start
          const before = other.snapshot()
          const id = yield* make(process, "Shop")
          yield* sees(other, ({ spaceById }) => spaceById.has(id))
          expect(before.spaceById.has(id)).toBe(false)
          yield* other.management.connectSources("lee", id, ["src_none"])
          yield* sees(process, ({ spaceById }) => spaceById.get(id)!.sources.length === 1)
        })
      )
    ))

  it("a lost connection is opened again, and what was missed is taken over", () =>
    managed((process, { start }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const other = yield* start
          const listeners = () => process.database.write`
          select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%'`
          const [before] = [yield* listeners()]
          expect(before.length).toBeGreaterThanOrEqual(2)
          yield* process.database.write`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and query ilike 'listen%'`
          const id = yield* make(process, "Shop")
          yield* sees(other, ({ spaceById }) => spaceById.has(id))
        })
      )
    ))
})
