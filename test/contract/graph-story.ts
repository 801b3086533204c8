/** Mutations for tests of the graph, told as what happened: each call is one journal entry at the next position. */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import {
  type GraphId,
  type GraphMutations,
  type GraphOperation,
  IdentityGraph,
  type LinkRow,
  type MappingRow,
  type MergeRow,
  type ProfileRow
} from "../../src/identity/graph.ts"
import { type Identifier, type ProfileNo, profileNo } from "../../src/identity/model.ts"
import { base62 } from "../../src/platform/hash.ts"
import type { Collection } from "../../src/workspace/rules.ts"

/** A graph that no other test uses. */
export const freshGraph = (): GraphId => `spa_${base62(randomBytes(16), 22)}.1`

/** `email:e1` of users; `group_id:g1` of accounts. */
export const id = (text: string): Identifier => {
  const colon = text.indexOf(":")
  const type = text.slice(0, colon)
  return { collection: type.startsWith("group") ? "accounts" : "users", type, value: text.slice(colon + 1) }
}

/** Far above 2^31, as real positions are (day * 2^32 + n). */
const firstPosition = 20_782 * 2 ** 32

export class Story {
  position = firstPosition
  /** Time of entry n, ms; tests may set it. */
  at = 1_790_000_000_000
  /** What `apply` has to be called with as `from`. */
  from = 0
  #profiles: Array<ProfileRow> = []
  #mappings: Array<MappingRow> = []
  #merges: Array<MergeRow> = []
  #links: Array<LinkRow> = []
  #operations: Array<GraphOperation> = []

  #next() {
    this.position += 1
    this.at += 1000
    return { createdAt: this.at, source: (this.position % 3) + 1, messageId: `m-${this.position}` }
  }

  create(collection: Collection, ...identifiers: ReadonlyArray<Identifier>): ProfileNo {
    const event = this.#next()
    const no = profileNo(this.position, collection)
    const segmentId = `${collection === "users" ? "use" : "grp"}_${String(this.position).padStart(27, "0")}`
    this.#profiles.push({ no, segmentId, ...event })
    this.#map(no, identifiers, event)
    return no
  }

  map(profile: ProfileNo, ...identifiers: ReadonlyArray<Identifier>): void {
    this.#map(profile, identifiers, this.#next())
  }

  #map(
    profile: ProfileNo,
    identifiers: ReadonlyArray<Identifier>,
    event: { readonly createdAt: number; readonly source: number; readonly messageId: string }
  ) {
    for (const { collection, type, value } of identifiers) {
      const { createdAt: addedAt, source, messageId } = event
      this.#mappings.push({ collection, type, value, profile, addedAt, source, messageId })
    }
  }

  merge(
    from: ProfileNo,
    into: ProfileNo,
    matched: Partial<Pick<MergeRow, "matchedFrom" | "matchedInto">> = {}
  ): MergeRow {
    const { createdAt: at, source, messageId } = this.#next()
    const row: MergeRow = {
      id: `mrg_${this.position}`,
      position: this.position,
      from,
      into,
      at,
      messageId,
      eventType: this.position % 2 === 0 ? "track" : "identify",
      eventName: this.position % 2 === 0 ? 'Order "Completed"' : null,
      source,
      rulesVersion: 7,
      matchedFrom: matched.matchedFrom ?? [],
      matchedInto: matched.matchedInto ?? []
    }
    this.#merges.push(row)
    return row
  }

  link(user: ProfileNo, account: ProfileNo): LinkRow {
    const row: LinkRow = { position: this.position + 1, user, account, ...this.#next() }
    this.#links.push(row)
    return row
  }

  /** An operation; taken alone, or with a profile that it creates and a merge that it makes. */
  operate(...operations: ReadonlyArray<GraphOperation>): void {
    this.#next()
    this.#operations.push(...operations)
  }

  /** What happened since the last call; `from` is where the graph was. */
  take(): { readonly from: number; readonly mutations: GraphMutations } {
    const taken = {
      from: this.from,
      mutations: {
        position: this.position,
        profiles: this.#profiles,
        mappings: this.#mappings,
        merges: this.#merges,
        links: this.#links,
        operations: this.#operations
      }
    }
    this.from = this.position
    this.#profiles = []
    this.#mappings = []
    this.#merges = []
    this.#links = []
    this.#operations = []
    return taken
  }
}

/** An open graph of its own, and a story that is applied to it. */
export const begin = Effect.gen(function* () {
  const graph = yield* IdentityGraph
  const graphId = freshGraph()
  yield* graph.open(graphId)
  const story = new Story()
  const tell = Effect.suspend(() => {
    const { from, mutations } = story.take()
    return graph.apply(graphId, from, mutations)
  })
  return { graph, graphId, story, tell }
})
