/** Random histories for `identity-graph-properties.ts`: steps, and playing them as batches of mutations. */
import { array, constantFrom, nat, record } from "fast-check"
import type { GraphOperation } from "../../src/identity/graph.ts"
import { collectionOf, type Identifier, type ProfileNo } from "../../src/identity/model.ts"
import type { Collection } from "../../src/workspace/rules.ts"
import { GraphModel } from "./graph-model.ts"
import { Story } from "./graph-story.ts"

const eventKinds = ["user", "account", "map", "merge", "link", "link", "link", "back", "flush"] as const
/** `split`, `unmerge` and `rejoin` are a person's operations with what goes along with them; the others stand alone. */
const operationKinds = ["unmap", "split", "unmerge", "unlink", "separate", "lift", "rejoin", "erase"] as const

/** One thing that happens; numbers pick among what is there. `flush` ends a batch. */
export interface Step {
  readonly kind: (typeof eventKinds)[number] | (typeof operationKinds)[number]
  readonly a: number
  readonly b: number
  readonly ids: number
}

const stepsOf = (...kinds: ReadonlyArray<Step["kind"]>) =>
  array(record({ kind: constantFrom(...kinds), a: nat(1000), b: nat(1000), ids: nat(3) }), {
    minLength: 1,
    maxLength: 60
  })

export const eventSteps = stepsOf(...eventKinds)
export const operationSteps = stepsOf("user", "user", "map", ...eventKinds, "merge", ...operationKinds)

const types = ["email", "user_id", "anonymous_id", "Zed", "ä.1"]

const pick = <A>(rows: ReadonlyArray<A>, at: number): A | undefined => rows[at % Math.max(1, rows.length)]

export type Played = ReturnType<typeof play>

/** Plays the steps on a model; returns it with the batches that make it. An operation is a batch of its own. */
export const play = (history: ReadonlyArray<Step>) => {
  const story = new Story()
  const model = new GraphModel()
  const batches: Array<ReturnType<Story["take"]>> = []
  /** Canonical profiles, of the batch that is being written, too. */
  let canonical: Array<ProfileNo> = []
  const ever: Array<ProfileNo> = []
  let n = 0
  const fresh = (collection: Collection, count: number): ReadonlyArray<Identifier> =>
    Array.from({ length: count }, () => ({ collection, type: types[n % types.length]!, value: `v${n++ % 7}-${n}` }))
  const flush = () => {
    if (story.position === story.from || ever.length === 0) return
    const batch = story.take()
    model.apply(batch.mutations)
    batches.push(batch)
    canonical = [...model.canonicals()]
  }
  const create = (collection: Collection, count: number) => {
    const no = story.create(collection, ...fresh(collection, count))
    canonical.push(no)
    ever.push(no)
    return no
  }
  /** Some of the identifiers of a canonical profile. */
  const some = (no: ProfileNo, from: number, count: number): ReadonlyArray<Identifier> =>
    model.mappings
      .filter(({ profile }) => model.canonical(profile) === no)
      .slice(from % 3)
      .slice(0, count)
      .map(({ collection, type, value }) => ({ collection, type, value }))
  const named = (no: ProfileNo, at: number) => pick(model.members(no), at)!.no
  const separation = (a: ProfileNo, b: ProfileNo, at: number): GraphOperation => ({
    kind: "separate",
    a,
    b,
    audit: `aud_${at % 5}`,
    since: story.at + (at % 2)
  })

  const event = ({ kind, a, b, ids }: Step) => {
    const at = pick(canonical, a)
    if (kind === "user") create("users", ids + 1)
    else if (kind === "account") create("accounts", ids + 1)
    else if (kind === "map" && at !== undefined) story.map(at, ...fresh(collectionOf(at), ids))
    else if (kind === "merge" && at !== undefined) {
      const mates = canonical.filter((no) => no !== at && collectionOf(no) === collectionOf(at))
      if (mates.length === 0) return
      story.merge(at, pick(mates, b)!, { matchedFrom: fresh(collectionOf(at), 1) })
      canonical.splice(canonical.indexOf(at), 1)
    } else if (kind === "link") {
      const users = canonical.filter((no) => collectionOf(no) === "users")
      const accounts = canonical.filter((no) => collectionOf(no) === "accounts")
      // Few of them, so that links become equal.
      if (users.length > 0 && accounts.length > 0)
        story.link(pick(users.slice(0, 3), a)!, pick(accounts.slice(0, 2), b)!)
    } else if (kind === "back") story.at -= (a + 1) * 1000
    else if (kind === "flush") flush()
  }

  const operation = ({ kind, a, b, ids }: Step) => {
    const at = pick(canonical, a)
    if (at === undefined) return
    const mates = canonical.filter((no) => no !== at && collectionOf(no) === collectionOf(at))
    const mate = pick(mates, b)
    if (kind === "unmap") story.operate({ kind, identifiers: [...some(at, b, ids), ...fresh("users", 1)] })
    else if (kind === "split") {
      const to = create(collectionOf(at), ids % 2)
      story.operate({ kind: "remap", identifiers: some(at, b, ids + 1), to }, separation(at, to, b))
    } else if (kind === "unmerge") {
      const merge = pick(model.allMerges, a)
      const from = merge?.from ?? at
      const root = model.canonical(from)
      const link = model.allLinks.find(({ user }) => model.canonical(user) === root)
      const operations: Array<GraphOperation> = [{ kind, from }]
      if (ids > 0) operations.push({ kind: "remap", identifiers: some(root, b, ids), to: from })
      if (ids > 1 && from !== root) operations.push(separation(root, from, b))
      if (ids > 2 && link !== undefined) operations.push({ kind: "unlink", links: [link] })
      story.operate(...operations)
      if (ids > 2 && link !== undefined && collectionOf(from) === "users") story.link(from, link.account)
    } else if (kind === "unlink") {
      const link = pick(model.allLinks, a)
      if (link !== undefined) story.operate({ kind, links: [{ user: link.user, account: link.account }] })
    } else if (kind === "separate") {
      if (mate !== undefined) story.operate(separation(named(at, ids), named(mate, ids), b))
    } else if (kind === "lift") {
      const [x, y] = pick(model.allSeparations, a)?.pair ?? [at, mate ?? at]
      story.operate({ kind, a: b % 2 === 0 ? x : y, b: b % 2 === 0 ? y : x })
    } else if (kind === "rejoin") {
      if (mate === undefined) return
      story.operate({ kind: "lift", a: at, b: mate })
      story.merge(at, mate)
      story.map(mate, ...fresh(collectionOf(mate), ids))
    } else if (kind === "erase") story.operate({ kind, profile: named(at, b) })
  }

  for (const step of history) {
    if ((eventKinds as ReadonlyArray<string>).includes(step.kind)) event(step)
    else {
      flush()
      operation(step)
      flush()
    }
  }
  flush()
  return { model, batches, ever }
}
