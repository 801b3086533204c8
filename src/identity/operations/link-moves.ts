/**
 * Links between users and accounts when a profile is taken apart (IDR-202): each side keeps those that its own group calls
 * state, with the time of the earliest.
 *
 * A group call that repeats a known link leaves no link of its own behind (IDR-104). So when the profile that made the link
 * leaves, calls of the staying side that had only repeated it now state it. What a person removed stays removed.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { messageTypes } from "../../event/message.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { GraphError, GraphOperation, LinkedProfile, LinkRow } from "../graph.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import type { OperationContext } from "./execution.ts"
import { type Linking, stampColumns } from "./stamps.ts"

const atOnce = 500

export interface Leaving {
  readonly collection: Collection
  /** The canonical profile of both sides, before. */
  readonly profile: ProfileNo
  /** Members that leave, with all their events. */
  readonly members: ReadonlyArray<ProfileNo>
  /** Members that stay, whose events may move. */
  readonly staying: ReadonlyArray<ProfileNo>
  /** Identifiers of the leaving side, after the operation. */
  readonly identifiers: ReadonlyArray<Identifier>
  /** Events of the staying members before this were resolved by none of them (`first-carried.ts`). */
  readonly since: Seq
  /** Profile that moved events will belong to. */
  readonly to: ProfileNo
}

export interface LinkChanges {
  readonly unlinked: Extract<GraphOperation, { kind: "unlink" }>["links"]
  readonly links: ReadonlyArray<LinkRow>
}

/** The earliest link of each pair, by whether its call moves. */
export class LinkMoves {
  readonly moved = new Map<string, LinkRow>()
  readonly stayed = new Map<string, LinkRow>()
  /** Pairs that moved calls were stamped with. */
  readonly left = new Map<string, Pair>()
  private readonly collection: Collection
  private readonly to: ProfileNo

  constructor(collection: Collection, to: ProfileNo) {
    this.collection = collection
    this.to = to
  }

  see(no: ProfileNo, other: ProfileNo, { seq, t, source, message }: Linking, moves: boolean): void {
    const rest = { position: seq, createdAt: t, source, messageId: message?.messageId ?? "" }
    const pair = pairOf(this.collection, no, other)
    if (moves) this.left.set(`${no} ${other}`, pair)
    const row = { ...rest, ...(moves ? pairOf(this.collection, this.to, other) : pair) }
    const rows = moves ? this.moved : this.stayed
    const key = `${row.user} ${row.account}`
    const known = rows.get(key)
    if (known === undefined || t < known.createdAt || (t === known.createdAt && seq < known.position))
      rows.set(key, row)
  }
}

interface Pair {
  readonly user: ProfileNo
  readonly account: ProfileNo
}

const pairOf = (collection: Collection, no: ProfileNo, other: ProfileNo): Pair =>
  collection === "users" ? { user: no, account: other } : { user: other, account: no }

type Failure = SqlError.SqlError | GraphError

/** Which links go and which are made; nothing is read of the graph when no link is in question. */
export const settleLinks = Effect.fnUntraced(function* (
  context: OperationContext,
  leaving: Leaving,
  links: LinkMoves
): Effect.fn.Return<LinkChanges, Failure> {
  const { collection } = leaving
  if (links.moved.size === 0 && (links.stayed.size === 0 || leaving.members.length === 0))
    return { unlinked: [], links: [] }
  const otherOf = (row: Pair) => (collection === "users" ? row.account : row.user)
  const leavingOthers = yield* stated(context, leaving)
  const moved = [...links.moved.values()]
  for (const row of moved) leavingOthers.add(otherOf(row))
  const stayed = [...links.stayed.values()]
  const canonical = yield* canonicals(context, collection, [...leavingOthers, ...stayed.map(otherOf)])
  const linked = yield* linkedTo(context, leaving.profile)
  const leftTo = new Set([...leavingOthers].map((no) => canonical.get(no)))
  const isLinked = (row: Pair) => linked.has(canonical.get(otherOf(row)) ?? -1)
  return {
    unlinked: [...links.left.values()],
    links: [...moved, ...stayed.filter((row) => leftTo.has(canonical.get(otherOf(row))))].filter(isLinked)
  }
})

/** Profiles that the group calls of leaving members name. */
const stated = Effect.fnUntraced(function* (
  { database, schema }: OperationContext,
  { collection, members }: Leaving
): Effect.fn.Return<Set<ProfileNo>, SqlError.SqlError> {
  const [own, other] = stampColumns[collection]
  if (members.length === 0) return new Set()
  const rows = yield* database.write.unsafe<{ no: number }>(
    `select distinct s.${other}::float8 as no from ${schema}.stamps s
     where s.${own} = any($1::float8[]::bigint[]) and s.${other} is not null and s.kind = $2`,
    [float8s(members), messageTypes.indexOf("group")]
  )
  return new Set(rows.map(({ no }) => no))
})

const canonicals = Effect.fnUntraced(function* (
  { graph, graphId }: OperationContext,
  collection: Collection,
  nos: ReadonlyArray<ProfileNo>
): Effect.fn.Return<ReadonlyMap<ProfileNo, ProfileNo>, GraphError> {
  const found = new Map<ProfileNo, ProfileNo>()
  const asked = [...new Set(nos)]
  for (let at = 0; at < asked.length; at += atOnce) {
    const part = asked.slice(at, at + atOnce)
    const profiles = yield* graph.find(
      graphId,
      collection === "users" ? "accounts" : "users",
      part.map((no) => ({ no }))
    )
    profiles.forEach((profile, i) => {
      if (profile !== null) found.set(part[i]!, profile.no)
    })
  }
  return found
})

/** All profiles that the canonical profile is linked to. */
const linkedTo = Effect.fnUntraced(function* (
  { graph, graphId }: OperationContext,
  profile: ProfileNo
): Effect.fn.Return<ReadonlySet<ProfileNo>, GraphError> {
  const linked = new Set<ProfileNo>()
  let last: LinkedProfile | undefined
  do {
    const after = last === undefined ? null : { createdAt: last.createdAt, position: last.position }
    const pages = yield* graph.links(graphId, [{ profile, after, limit: atOnce }])
    const found: ReadonlyArray<LinkedProfile> = pages[0]!.links
    for (const { no } of found) linked.add(no)
    last = found.length < atOnce ? undefined : found.at(-1)
  } while (last !== undefined)
  return linked
})
