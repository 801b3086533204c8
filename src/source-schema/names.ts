/**
 * Which names a source sends, counted in memory until they are written (`flush.ts`): events with their properties, traits of people and
 * of accounts (ING-130). Plain and synchronous, because every message comes through here; values are never kept.
 *
 * A message is walked beside a tree of the names that are known, so the usual one costs a look-up a key and builds no text. What the
 * walk met is counted when the message is stored. The tree is bounded in every direction.
 */
import { Context, Layer } from "effect"
import type { JsonObject, Message } from "../event/message.ts"

/** As numbered in the tables. */
export const kinds = ["event", "property", "identify", "group"] as const
export type Kind = (typeof kinds)[number]

/** What is listed of a source, and of an event or a kind of traits (ING-131). */
export const mostEvents = 4_000
export const mostProperties = 300

/** Characters of the name of an event; what is longer is cut. */
export const longestName = 200
/** Characters of a path; longer ones are left out. */
const longestPath = 500
/** In memory more than are listed, so that new names do not keep listed ones out before the tables have had their say. */
const spare = 3
/** All sources together. */
const mostNames = 100_000

/** Names that share a limit: the events of a source, the properties of an event, the traits of a call. */
class Scope {
  readonly most: number
  size = 0
  /** The tables hold as many as are listed: no new names until then, ms. */
  closedUntil = 0

  constructor(most: number) {
    this.most = most * spare
  }
}

export class Name {
  readonly source: number
  readonly kind: Kind
  /** The event of a property. */
  readonly event: Name | undefined
  readonly name: string
  readonly scope: Scope
  /** Where it hangs, and by which key; the items of an array hang by none. */
  readonly above: Name | Root
  readonly key: string | undefined
  readonly below = new Map<string, Name>()
  items: Name | undefined = undefined
  /** Of an event: of its properties. */
  readonly inside: Scope | undefined
  /** Number of the last message that had it: an array brings the same names many times. */
  mark = 0
  /** Messages that are not yet written. */
  allowed = 0
  blocked = 0
  /** ms */
  lastSeen = 0
  /** In the tables; 0: not known. */
  id = 0

  constructor(
    above: Name | Root,
    key: string | undefined,
    name: string,
    of: Pick<Name, "source" | "kind" | "event" | "scope">
  ) {
    this.above = above
    this.key = key
    this.name = name
    this.source = of.source
    this.kind = of.kind
    this.event = of.event
    this.scope = of.scope
    this.inside = of.kind === "event" ? new Scope(mostProperties) : undefined
  }
}

/** Where the names of one kind of call begin. */
class Root {
  readonly scope: Scope
  readonly below = new Map<string, Name>()
  items: Name | undefined = undefined

  constructor(most: number) {
    this.scope = new Scope(most)
  }
}

class SourceNames {
  readonly events = new Root(mostEvents)
  readonly identify = new Root(mostProperties)
  readonly group = new Root(mostProperties)
}

/** A string of its own: a slice would hold on to the message that it was cut from. */
const cut = (name: string): string => Buffer.from(name.slice(0, longestName)).toString()

/** A literal dot in a key (ING-130). */
const escaped = (key: string): string => (key.includes(".") ? key.replaceAll(".", "\\.") : key)

const unhang = (name: Name): number => {
  let size = 1
  for (const below of name.below.values()) size += unhang(below)
  if (name.items !== undefined) size += unhang(name.items)
  name.below.clear()
  name.items = undefined
  return size
}

export interface Counted {
  readonly name: Name
  readonly allowed: number
  readonly blocked: number
  /** ms */
  readonly lastSeen: number
}

export class SchemaNames {
  private sources = new Map<number, SourceNames>()
  private size = 0
  private mark = 0
  private now = 0
  private met: Array<Name> = []
  private readonly changed = new Set<Name>()

  /** What is to be counted of a message once it is stored. `at`: ms. */
  of(source: number, message: Message, at: number): ReadonlyArray<Name> {
    const met: Array<Name> = []
    this.met = met
    this.mark += 1
    this.now = at
    const { type } = message
    if (type === "alias") return met
    const names = this.namesOf(source)
    if (type === "identify" || type === "group") {
      const { traits } = message
      if (traits !== undefined) this.walk(traits, names[type], source, type, undefined, names[type].scope)
      return met
    }
    const called = type === "track" ? message.event! : type === "page" ? "Page Viewed" : "Screen Viewed"
    const key = called.length > longestName ? cut(called) : called
    const { below, scope } = names.events
    const event =
      below.get(key) ?? this.made(names.events, key, key, { source, kind: "event", event: undefined, scope })
    if (event === undefined) return met
    this.meet(event)
    if (message.properties !== undefined) this.walk(message.properties, event, source, "property", event, event.inside!)
    return met
  }

  /** The messages are stored; `repeated`: which of them had been stored before. */
  stored(messages: ReadonlyArray<ReadonlyArray<Name>>, at: number, repeated?: ReadonlyArray<number>): void {
    for (let i = 0; i < messages.length; i++) {
      if (repeated?.includes(i) === true) continue
      for (const name of messages[i]!) this.count(name, 1, 0, at)
    }
  }

  /** A message was kept out by the schema (ING-134). */
  blocked(names: ReadonlyArray<Name>, at: number): void {
    for (const name of names) this.count(name, 0, 1, at)
  }

  /** A trait was taken out of a message. */
  blockedTrait(source: number, kind: "identify" | "group", keys: ReadonlyArray<string>, at: number): void {
    this.now = at
    const names = this.namesOf(source)
    const { scope } = names[kind]
    let above: Name | Root = names[kind]
    for (const key of keys) {
      const known: Name | undefined = key === "$" ? above.items : above.below.get(key)
      const name: Name | undefined =
        known ??
        this.made(above, key === "$" ? undefined : key, escaped(key), { source, kind, event: undefined, scope })
      if (name === undefined) return
      above = name
    }
    if (above instanceof Name) this.count(above, 0, 1, at)
  }

  /** What was counted since the last time, an event before its properties; at most `limit`, the others wait. */
  take(limit: number): ReadonlyArray<Counted> {
    const taken: Array<Counted> = []
    for (const name of this.changed) {
      if (taken.length === limit) break
      taken.push({ name, allowed: name.allowed, blocked: name.blocked, lastSeen: name.lastSeen })
      name.allowed = 0
      name.blocked = 0
      this.changed.delete(name)
    }
    if (this.size >= mostNames) {
      // Those that still come are soon there again, and the tables know their numbers.
      this.sources = new Map()
      this.size = 0
    }
    return taken
  }

  /** It could not be written: it waits with what comes. */
  giveBack(taken: ReadonlyArray<Counted>): void {
    for (const { name, allowed, blocked, lastSeen } of taken)
      if (this.changed.size < mostNames) this.count(name, allowed, blocked, lastSeen)
  }

  /** The tables have no place for it: it is forgotten, and no new ones come to its scope for a while. */
  refuse(name: Name, until: number): void {
    const { above, key, scope } = name
    scope.closedUntil = until
    if (key === undefined ? above.items !== name : above.below.get(key) !== name) return
    if (key === undefined) above.items = undefined
    else above.below.delete(key)
    const size = unhang(name)
    scope.size -= name.kind === "event" ? 1 : size
    this.size -= size
  }

  private namesOf(source: number): SourceNames {
    let names = this.sources.get(source)
    if (names === undefined) this.sources.set(source, (names = new SourceNames()))
    return names
  }

  private count(name: Name, allowed: number, blocked: number, at: number): void {
    if (name.allowed === 0 && name.blocked === 0) this.changed.add(name)
    name.allowed += allowed
    name.blocked += blocked
    if (at > name.lastSeen) name.lastSeen = at
  }

  private meet(name: Name): void {
    if (name.mark === this.mark) return
    name.mark = this.mark
    this.met.push(name)
  }

  private walk(
    object: JsonObject,
    above: Name | Root,
    source: number,
    kind: Kind,
    event: Name | undefined,
    scope: Scope
  ): void {
    for (const key in object) {
      const name = above.below.get(key) ?? this.made(above, key, escaped(key), { source, kind, event, scope })
      if (name === undefined) continue
      this.meet(name)
      const value = object[key]
      if (typeof value === "object" && value !== null) this.into(value, name)
    }
  }

  private into(value: object, name: Name): void {
    const { source, kind, event, scope } = name
    if (!Array.isArray(value)) return this.walk(value as JsonObject, name, source, kind, event, scope)
    if (value.length === 0) return
    const items = name.items ?? this.made(name, undefined, "$", { source, kind, event, scope })
    if (items === undefined) return
    this.meet(items)
    for (const item of value) if (typeof item === "object" && item !== null) this.into(item, items)
  }

  /** Undefined when there is no room for it. */
  private made(
    above: Name | Root,
    key: string | undefined,
    last: string,
    of: Pick<Name, "source" | "kind" | "event" | "scope">
  ): Name | undefined {
    const { event, scope } = of
    if (scope.size >= scope.most || scope.closedUntil > this.now || this.size >= mostNames) return undefined
    // An event is no part of the paths of its properties.
    const path = above === event || above instanceof Root ? last : `${above.name}.${last}`
    if (path.length > longestPath) return undefined
    const name = new Name(above, key, path, of)
    if (key === undefined) above.items = name
    else above.below.set(key, name)
    scope.size += 1
    this.size += 1
    return name
  }
}

/** The one of this process: the door fills it, `flush.ts` empties it. */
export class SourceSchemaNames extends Context.Service<SourceSchemaNames, SchemaNames>()(
  "braid/source-schema/SourceSchemaNames"
) {
  static readonly layer = Layer.sync(this, () => new SchemaNames())
}
