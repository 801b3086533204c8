/** A person who looks at the space and asks for an operation on something that is there; by the time it is executed that may have changed. */
import { Effect } from "effect"
import { IdentityGraph } from "../../src/identity/graph.ts"
import type { ExternalId, OperationInputs } from "../../src/identity/operations/operation.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import type { Dice } from "./dice.ts"
import type { AskedKind } from "./plan.ts"

export type Asked = {
  readonly [K in AskedKind]: { readonly id: number; readonly kind: K; readonly input: OperationInputs[K] }
}[AskedKind]

/** The message that a merge was made by, for merges that were asked to be undone. */
export interface SeenMerge {
  readonly from: string
  readonly into: string
  readonly messageId: string
}

export class Asking {
  readonly asked: Array<Asked> = []
  readonly merges = new Map<string, SeenMerge>()
  private readonly dice: Dice
  private readonly spaceId: string
  private readonly firstId: number
  private readonly later: ReadonlyArray<RulesDocument>

  constructor(options: {
    readonly dice: Dice
    readonly spaceId: string
    readonly firstId: number
    readonly later: ReadonlyArray<RulesDocument>
  }) {
    this.dice = options.dice
    this.spaceId = options.spaceId
    this.firstId = options.firstId
    this.later = options.later
  }

  ask(kind: AskedKind) {
    return Effect.gen({ self: this }, function* () {
      const input = yield* this.inputOf(kind)
      if (input === undefined) return
      const { write: sql } = yield* Database
      const id = this.firstId + this.asked.length
      this.asked.push({ id, kind, input } as Asked)
      yield* sql`insert into space_operations (id, space, kind, input, actor, reason) overriding system value
        values (${id}, ${this.spaceId}, ${kind}, ${JSON.stringify(input)}, 'simulation', 'a simulation')`
    })
  }

  /** Something to do that operation with; undefined when there is nothing. */
  private inputOf(kind: AskedKind) {
    const { dice, spaceId } = this
    return Effect.gen({ self: this }, function* () {
      switch (kind) {
        case "rebuild":
          return {}
        case "save_rules": {
          const { write: sql } = yield* Database
          const [row] = yield* sql.unsafe<{ version: number }>(
            `select coalesce(max(version), 1)::int as version from ${spaceSchema(spaceId)}.rules`
          )
          return { rules: dice.pick(this.later), expectedVersion: row!.version }
        }
        case "revert_split": {
          const { write: sql } = yield* Database
          const rows = yield* sql<{ answer: string }>`select answer from space_operations
            where space = ${spaceId} and kind in ('split', 'undo_merge') and finished_at is not null and answer is not null order by id`
          const row = dice.pick(rows)
          return row === undefined ? undefined : { auditId: (JSON.parse(row.answer) as { auditId: string }).auditId }
        }
        default:
          return yield* this.onProfile(kind)
      }
    })
  }

  /** One or two user ids that somebody has. */
  readonly people = Effect.gen({ self: this }, function* () {
    const { identifiers } = yield* this.look("users")
    const userIds = identifiers.filter(({ type }) => type === "user_id").map(({ value }) => value)
    const [one, other] = [this.dice.pick(userIds), this.dice.chance(0.2) ? this.dice.pick(userIds) : undefined]
    return [...new Set([one, other])].filter((value) => value !== undefined)
  })

  /** An event with identifiers of two profiles, or undefined when there are no two. */
  bridge(n: number) {
    const { dice } = this
    return Effect.gen({ self: this }, function* () {
      const { identifiers } = yield* this.look("users")
      const one = dice.pick(identifiers)
      const other = dice.pick(identifiers.filter(({ no }) => no !== one?.no))
      if (one === undefined || other === undefined) return undefined
      const at = new Date(Date.parse("2024-06-25T00:00:00.000Z") + n * 1000).toISOString()
      const isGroup = dice.chance(0.4)
      return {
        type: isGroup ? "group" : "identify",
        messageId: `bridge-${n}`,
        ...(isGroup ? { groupId: `g${dice.between(1, 3)}` } : undefined),
        traits: { plan: dice.pick(["free", "pro", "team"]) },
        context: {
          externalIds: [one, other].map(({ type, value }) => ({
            type,
            id: value,
            collection: "users",
            encoding: "none"
          }))
        },
        integrations: {},
        timestamp: at,
        originalTimestamp: at,
        receivedAt: at,
        version: 2,
        channel: "server"
      }
    })
  }

  /** The identifiers of the live graph, in one order whatever the adapter. */
  private look(collection: "users" | "accounts") {
    const { spaceId } = this
    return Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write: sql } = yield* Database
      const [live] = yield* sql<{ graph: string }>`select graph from space_graphs where space = ${spaceId}`
      const graphId = live?.graph ?? `${spaceId}.1`
      const all = yield* graph.walk(graphId, collection, null, 1000)
      return {
        graphId,
        identifiers: all.toSorted((a, b) => (`${a.type} ${a.value}` < `${b.type} ${b.value}` ? -1 : 1))
      }
    })
  }

  private onProfile(kind: "delete_identifier" | "undo_merge" | "split" | "lift_separation") {
    const { dice } = this
    return Effect.gen({ self: this }, function* () {
      const graph = yield* IdentityGraph
      const collection = kind === "delete_identifier" || dice.chance(0.8) ? "users" : "accounts"
      const { graphId, identifiers } = yield* this.look(collection)
      const one = dice.pick(identifiers)
      if (one === undefined) return undefined
      const nos = [...new Set(identifiers.map(({ no }) => no))].toSorted((a, b) => a - b)
      const external = ({ type, value }: typeof one): ExternalId => ({ type, id: value })
      const of = (no: number) => identifiers.filter((it) => it.no === no)
      const keepApart = dice.chance(0.6)
      switch (kind) {
        case "delete_identifier": {
          const user = of(one.no).find(({ type }) => type === "user_id")
          return { userId: user?.value ?? "u1", identifier: external(dice.pick(of(one.no))!) }
        }
        case "undo_merge": {
          const found = (yield* graph.merges(graphId, nos)).flat()
          const profiles = yield* graph.find(
            graphId,
            collection,
            nos.map((no) => ({ no }))
          )
          const segmentId = new Map(
            profiles.flatMap((profile) => profile?.members.map((it) => [it.no, it.segmentId] as const) ?? [])
          )
          for (const { id, from, into, messageId } of found)
            this.merges.set(id, { from: segmentId.get(from)!, into: segmentId.get(into)!, messageId })
          const merge = dice.pick(found)
          if (merge === undefined || dice.chance(0.1)) {
            const mergeId = dice.pick([...this.merges.keys()])
            return mergeId === undefined ? undefined : { mergeId, also: [], keepApart }
          }
          const home = profiles.find((profile) => profile?.members.some(({ no }) => no === merge.from))!
          const also = dice.chance(0.3) ? [dice.pick(of(home.no))!].map(external) : []
          return { mergeId: merge.id, also, keepApart }
        }
        case "split":
          return { profile: one.segmentId, identifiers: dice.some(of(one.no)).map(external), keepApart }
        case "lift_separation": {
          const apart = yield* graph.separations(graphId, nos)
          const pairs = apart.flatMap((list, i) => list.map(({ segmentId }) => [of(nos[i]!)[0]!.segmentId, segmentId]))
          const [a, b] = dice.pick(pairs) ?? [one.segmentId, dice.pick(identifiers)!.segmentId]
          return { a: a!, b: b! }
        }
      }
    })
  }
}
