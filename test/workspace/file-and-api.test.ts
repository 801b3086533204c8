/** Who wins: the configuration file says what it changes, people change the rest through the API, and neither undoes the other. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sha256Hex } from "../../src/platform/hash.ts"
import { auditOf, fileSpace, installation, type Process, source } from "../support/workspaces.ts"

const space = (more: object = {}) => ({
  id: fileSpace,
  slug: "shop",
  name: "Shop",
  kind: "dev",
  sources: ["a"],
  ...more
})
const file = (more: object = {}) => ({ sources: [source("a"), source("b")], spaces: [space()], ...more })
const token = { name: "t", space: "shop", secret: "pt_t" }

const shop = ({ snapshot }: Process) => snapshot().spaceById.get(fileSpace)
const slugs = (process: Process) => shop(process)?.sources.map(({ slug }) => slug)

describe("a restart", () => {
  it("without an edit reverts nothing that was changed through the API, and tells nothing", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write(file({ tokens: [token] }))
        const first = yield* start
        const { management, snapshot } = first
        yield* management.updateSpace("kim", fileSpace, { name: "Store" })
        yield* management.connectSources("kim", fileSpace, ["src_b"])
        yield* management.disconnectSource("kim", fileSpace, "src_a")
        yield* management.setConnectionPolicy("kim", fileSpace, ["environment:dev"])
        yield* management.revokeToken("kim", snapshot().tokenByHash.get(sha256Hex("pt_t"))!.id)
        const before = yield* auditOf(first, fileSpace)
        const again = yield* start
        expect(shop(again)).toMatchObject({ name: "Store", slug: "shop" })
        expect(slugs(again)).toEqual(["b"])
        expect((yield* again.management.spaceDetails(fileSpace))?.policy).toEqual(["environment:dev"])
        expect(again.snapshot().tokenByHash.size).toBe(0)
        expect(yield* auditOf(again, fileSpace)).toEqual(before)
      })
    ))

  it("without the file goes on with what the database has", () =>
    installation(({ write, removeFile, start }) =>
      Effect.gen(function* () {
        write(file())
        yield* start
        removeFile()
        const again = yield* start
        expect(slugs(again)).toEqual(["a"])
        expect(again.snapshot().sourceByWriteKey.has("wk_a")).toBe(true)
      })
    ))
})

describe("an edit of the file", () => {
  it("changes only what it says differently: the rest stays as people left it", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write(file())
        const process = yield* start
        yield* process.management.updateSpace("kim", fileSpace, { name: "Store" })
        yield* process.management.connectSources("kim", fileSpace, ["src_b"])
        write(file({ spaces: [space({ kind: "prod" })] }))
        yield* process.workspace.reload
        expect(shop(process)).toMatchObject({ name: "Store", kind: "prod" })
        expect(slugs(process)).toEqual(["a", "b"])
        write(file({ spaces: [space({ kind: "prod", name: "Shop 2", sources: [] })] }))
        yield* process.workspace.reload
        expect(shop(process)).toMatchObject({ name: "Shop 2", kind: "prod" })
        // `b` was connected by a person.
        expect(slugs(process)).toEqual(["b"])
        expect((yield* auditOf(process, fileSpace)).slice(-4)).toEqual([
          `kim: Source Connected To Space (source src_b)`,
          `configuration file: Space Modified (space ${fileSpace})`,
          `configuration file: Source Disconnected From Space (source src_a)`,
          `configuration file: Space Modified (space ${fileSpace})`
        ])
      })
    ))

  it("of the rules gives the space other rules; the object stays the same while nothing changes", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write(file())
        const process = yield* start
        const before = shop(process)!.rules
        write(file({ spaces: [space({ name: "Renamed" })] }))
        yield* process.workspace.reload
        expect(shop(process)!.rules).toBe(before)
        write(file({ spaces: [space({ name: "Renamed", rules: { autoAddIdentifiers: false } })] }))
        yield* process.workspace.reload
        expect(shop(process)!.rules.autoAddIdentifiers).toBe(false)
        expect((yield* auditOf(process, fileSpace)).at(-1)).toBe(
          `configuration file: Identity Rules Saved (space ${fileSpace})`
        )
      })
    ))

  it("removes what left it, and nothing else; what people made in a space is there again when it comes back", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write(file({ tokens: [token] }))
        const process = yield* start
        const { management, snapshot, workspace } = process
        const own = yield* management.createSpace("kim", {
          name: "Own",
          kind: "dev",
          rulesFrom: { custom: { leaveOut: [], suggestedBlocked: true } }
        })
        yield* management.connectSources("kim", own, ["src_a"])
        const { secret } = yield* management.createToken("kim", { spaceId: fileSpace, name: "api", scopes: ["admin"] })
        write({ sources: [source("b")], spaces: [] })
        yield* workspace.reload
        expect(snapshot().spaces.map(({ slug }) => slug)).toEqual(["own"])
        // Its source has left; the connection waits for it.
        expect(snapshot().spaceById.get(own)!.sources).toEqual([])
        expect(snapshot().tokenByHash.size).toBe(0)
        write(file())
        yield* workspace.reload
        expect(
          snapshot()
            .spaceById.get(own)!
            .sources.map(({ id }) => id)
        ).toEqual(["src_a"])
        expect([...snapshot().tokenByHash.keys()]).toEqual([sha256Hex(secret)])
        expect(slugs(process)).toEqual(["a"])
      })
    ))

  it("is refused when it declares what was made through the API, at start and later", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write({ sources: [], spaces: [] })
        const process = yield* start
        const { management, workspace, snapshot } = process
        const id = yield* management.createSpace("kim", { name: "Shop", kind: "dev" })
        const { secret } = yield* management.createToken("kim", { spaceId: id, name: "api", scopes: ["admin"] })
        const before = snapshot()
        const refused = (content: object) => {
          write(content)
          return Effect.map(Effect.flip(workspace.reload), ({ problems }) =>
            problems.map(({ path, expected }) => `${path}: ${expected}`)
          )
        }
        expect(yield* refused({ sources: [], spaces: [{ ...space(), sources: [], id }] })).toEqual([
          "spaces[0].id: expected an id of its own: this space was made through the API"
        ])
        expect(
          yield* refused({
            sources: [],
            spaces: [space({ slug: "other", sources: [] })],
            tokens: [{ name: "x", space: "other", secret }]
          })
        ).toEqual(["tokens[0].secret: expected a secret of its own: a token made through the API has it"])
        expect(yield* refused({ sources: [], spaces: [space({ sources: [] })] })).toEqual([
          "spaces[0].slug: expected a slug of its own: a space made through the API has this one"
        ])
        expect(snapshot()).toBe(before)
        const failed = yield* Effect.flip(start)
        expect(String(failed)).toContain("spaces[0].slug")
      })
    ))

  it("is audited once, by whom it was", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write(file({ tokens: [token] }))
        const process = yield* start
        write(file({ sources: [source("a", { enabled: false }), source("b", { name: "B" })] }))
        yield* process.workspace.reload
        const of = (space: string | null) =>
          Effect.map(auditOf(process, space), (lines) =>
            lines.map((line) => line.replace(/^configuration file: /, "").replace(/tok_\w+/, "tok"))
          )
        expect(yield* of(null)).toEqual([
          "Source Created (source src_a)",
          "Source Created (source src_b)",
          "Workspace Settings Modified (limits)",
          "Source Disabled (source src_a)",
          "Source Modified (source src_b)"
        ])
        expect(yield* of(fileSpace)).toEqual([
          `Space Created (space ${fileSpace})`,
          "Source Connected To Space (source src_a)",
          "Token Created (token tok)",
          "Token Revoked (token tok)"
        ])
        const secrets = yield* process.database.write`select 1 from audit where before || after like ${"%pt_t%"}`
        expect(secrets).toEqual([])
      })
    ))
})
