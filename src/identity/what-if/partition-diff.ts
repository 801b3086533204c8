/**
 * The difference of two graphs as partitions of identifiers (IDR-191): both are walked in the same order, and profiles that
 * share an identifier across the graphs are one cluster. Memory grows with the number of profiles, not of identifiers.
 */
import { Effect } from "effect"
import type { Collection } from "../../workspace/rules.ts"
import type { GraphError, GraphId, IdentityGraph, OwnedIdentifier } from "../graph.ts"
import { boundedStrands, type Strand, Way } from "./strands.ts"

export type ClusterChange = "unchanged" | "merged" | "split" | "regrouped" | "appeared" | "vanished"

export interface Cluster {
  readonly change: ClusterChange
  readonly collection: Collection
  /** Segment ids of canonical profiles. */
  readonly before: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly identifiers: number
  /** Of a cluster that changed: which identifiers go where, the largest strands first. */
  readonly strands: ReadonlyArray<Strand>
}

export interface PartitionDiff {
  readonly clusters: ReadonlyArray<Cluster>
  /** Identifiers that are on a profile on the other side only. */
  readonly unmapped: { readonly before: number; readonly after: number }
}

const pageSize = 2_000
/** More than the nodes that memory holds: two of them are one exact number. */
const mostNodes = 2 ** 26

/** Union of nodes by number; a node is a profile of one of the graphs. */
class Clusters {
  private readonly parent: Array<number> = []
  private readonly names: Array<string> = []
  private readonly isNew: Array<boolean> = []
  private readonly count: Array<number> = []
  /** By the two nodes + 1; 0: none. */
  private readonly ways = new Map<number, Way>()
  readonly unmapped = { before: 0, after: 0 }
  private readonly nodes = [new Map<number, number>(), new Map<number, number>()] as const

  private node(side: 0 | 1, { no, segmentId }: OwnedIdentifier): number {
    const known = this.nodes[side].get(no)
    if (known !== undefined) return known
    const node = this.parent.push(this.parent.length) - 1
    this.names.push(segmentId)
    this.isNew.push(side === 1)
    this.count.push(0)
    this.nodes[side].set(no, node)
    return node
  }

  private root(node: number): number {
    let at = node
    while (this.parent[at] !== at) {
      this.parent[at] = this.parent[this.parent[at]!]!
      at = this.parent[at]!
    }
    return at
  }

  /** One identifier, as one or both graphs have it. */
  add(before: OwnedIdentifier | undefined, after: OwnedIdentifier | undefined): void {
    const old = before === undefined ? undefined : this.node(0, before)
    const now = after === undefined ? undefined : this.node(1, after)
    const any = old ?? now!
    if (old !== undefined && now !== undefined) this.parent[this.root(old)] = this.root(now)
    this.count[any]! += 1
    if (old === undefined) this.unmapped.before += 1
    if (now === undefined) this.unmapped.after += 1
    const key = ((old ?? -1) + 1) * mostNodes + (now ?? -1) + 1
    let way = this.ways.get(key)
    if (way === undefined) this.ways.set(key, (way = new Way()))
    const { type, value } = (before ?? after)!
    way.add(type, value)
  }

  /** Of every cluster, by its root. */
  private strands(isWanted: (root: number) => boolean): ReadonlyMap<number, ReadonlyArray<Strand>> {
    const strands = new Map<number, Array<Strand>>()
    for (const [key, way] of this.ways) {
      const [old, now] = [Math.floor(key / mostNodes) - 1, (key % mostNodes) - 1]
      const root = this.root(Math.max(old, now))
      if (!isWanted(root)) continue
      const own = way.strands(this.names[old] ?? null, this.names[now] ?? null)
      const known = strands.get(root)
      if (known === undefined) strands.set(root, [...own])
      else known.push(...own)
    }
    return strands
  }

  result(collection: Collection): ReadonlyArray<Cluster> {
    const groups = new Map<number, Array<number>>()
    this.parent.forEach((_, node) => {
      const root = this.root(node)
      const group = groups.get(root)
      if (group === undefined) groups.set(root, [node])
      else group.push(node)
    })
    const changeIn = (group: ReadonlyArray<number>) => {
      const now = group.reduce((sum, node) => sum + (this.isNew[node]! ? 1 : 0), 0)
      return changeOf(group.length - now, now)
    }
    const strands = this.strands((root) => changeIn(groups.get(root)!) !== "unchanged")
    return [...groups].map(([root, group]) => {
      const before = group.filter((node) => !this.isNew[node]).map((node) => this.names[node]!)
      const after = group.filter((node) => this.isNew[node]).map((node) => this.names[node]!)
      return {
        change: changeIn(group),
        collection,
        before: before.sort(),
        after: after.sort(),
        identifiers: group.reduce((sum, node) => sum + this.count[node]!, 0),
        strands: boundedStrands(strands.get(root) ?? [])
      }
    })
  }
}

const changeOf = (before: number, after: number): ClusterChange => {
  if (before === 0) return "appeared"
  if (after === 0) return "vanished"
  if (before === 1) return after === 1 ? "unchanged" : "split"
  return after === 1 ? "merged" : "regrouped"
}

/** Identifiers of a graph one by one, in the order of `walk`. */
const cursorOf = (graph: IdentityGraph["Service"], graphId: GraphId, collection: Collection) => {
  let page: ReadonlyArray<OwnedIdentifier> = []
  let at = 0
  let ended = false
  return {
    peek: () => page[at],
    next: () => void (at += 1),
    fill: Effect.suspend(() => {
      if (at < page.length || ended) return Effect.void
      return graph.walk(graphId, collection, page.at(-1) ?? null, pageSize).pipe(
        Effect.map((found) => {
          ended = found.length < pageSize
          page = found
          at = 0
        })
      )
    })
  }
}

/** `order` compares identifiers as `walk` orders them. */
export const diffPartitions = Effect.fnUntraced(function* (
  graph: IdentityGraph["Service"],
  before: GraphId,
  after: GraphId,
  collection: Collection,
  order: (a: OwnedIdentifier, b: OwnedIdentifier) => number
): Effect.fn.Return<PartitionDiff, GraphError> {
  const clusters = new Clusters()
  const [old, now] = [cursorOf(graph, before, collection), cursorOf(graph, after, collection)]
  for (;;) {
    yield* old.fill
    yield* now.fill
    // Plain steps until one side needs its next page.
    for (;;) {
      const [a, b] = [old.peek(), now.peek()]
      if (a === undefined && b === undefined) break
      const compared = a === undefined ? 1 : b === undefined ? -1 : order(a, b)
      clusters.add(compared <= 0 ? a : undefined, compared >= 0 ? b : undefined)
      if (compared <= 0) old.next()
      if (compared >= 0) now.next()
      if ((compared <= 0 && old.peek() === undefined) || (compared >= 0 && now.peek() === undefined)) break
    }
    yield* old.fill
    yield* now.fill
    if (old.peek() === undefined && now.peek() === undefined)
      return { clusters: clusters.result(collection), unmapped: clusters.unmapped }
  }
})
