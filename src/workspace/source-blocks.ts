/**
 * What the schema of a source keeps out (ING-134): track events by name, pages and screens as a whole, traits of people and of
 * accounts. As a document that people change and files declare, and compiled for the door, which asks it per message.
 *
 * Names are those that the schema shows (ING-130): a nested trait is a dotted path, `.$` stands for the items of an array, a literal
 * dot in a key is `\.`; the name of an event counts with its first 200 characters.
 */

/** Everything that is blocked; what is not named is allowed. */
export interface BlockedNames {
  readonly track: ReadonlyArray<string>
  readonly page: boolean
  readonly screen: boolean
  /** Traits of `identify`. */
  readonly identify: ReadonlyArray<string>
  /** Traits of `group`. */
  readonly group: ReadonlyArray<string>
}

export const nothingBlocked: BlockedNames = { track: [], page: false, screen: false, identify: [], group: [] }

/** A blocked trait: its name in the schema, and the way to it. */
export interface TraitPath {
  readonly name: string
  readonly keys: ReadonlyArray<string>
}

export interface SourceBlocks {
  readonly names: BlockedNames
  readonly track: ReadonlySet<string>
  readonly page: boolean
  readonly screen: boolean
  readonly identify: ReadonlyArray<TraitPath>
  readonly group: ReadonlyArray<TraitPath>
}

/** Characters of the name of an event that count. */
export const longestEventName = 200
export const longestTraitPath = 500
/** As many as a schema lists (ING-131). */
export const mostBlockedEvents = 4_000
export const mostBlockedTraits = 300

/** `a.b\.c` -> `a`, `b.c`. */
export const keysOfPath = (path: string): ReadonlyArray<string> =>
  path.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."))

const pathsOf = (names: ReadonlyArray<string>): ReadonlyArray<TraitPath> =>
  names.map((name) => ({ name, keys: keysOfPath(name) }))

/** Undefined when nothing is blocked: then nothing is asked. */
export const compileBlocks = (names: BlockedNames): SourceBlocks | undefined =>
  names.track.length === 0 && !names.page && !names.screen && names.identify.length === 0 && names.group.length === 0
    ? undefined
    : {
        names,
        track: new Set(names.track),
        page: names.page,
        screen: names.screen,
        identify: pathsOf(names.identify),
        group: pathsOf(names.group)
      }

const ordered = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)].sort()

/** Sorted and without repetitions: the same names are the same document. */
export const orderedBlocks = ({ track, page, screen, identify, group }: BlockedNames): BlockedNames => ({
  track: ordered(track),
  page,
  screen,
  identify: ordered(identify),
  group: ordered(group)
})

/** The message as a whole is kept out. `event`: the name of a track call. */
export const blocksMessage = (blocks: SourceBlocks, type: string, event: string | undefined): boolean => {
  if (type === "track") {
    if (event === undefined) return false
    return blocks.track.has(event.length > longestEventName ? event.slice(0, longestEventName) : event)
  }
  return type === "page" ? blocks.page : type === "screen" && blocks.screen
}

const removed = (value: unknown, keys: ReadonlyArray<string>, i: number): boolean => {
  if (typeof value !== "object" || value === null) return false
  const key = keys[i]!
  const last = i === keys.length - 1
  if (Array.isArray(value)) {
    if (key !== "$") return false
    if (last) {
      const some = value.length > 0
      value.length = 0
      return some
    }
    let any = false
    for (const item of value) any = removed(item, keys, i + 1) || any
    return any
  }
  const members = value as Record<string, unknown>
  if (!Object.hasOwn(members, key)) return false
  if (!last) return removed(members[key], keys, i + 1)
  delete members[key]
  return true
}

/** Takes a blocked trait out of `traits`; whether it was there. */
export const removeTrait = (traits: object, { keys }: TraitPath): boolean => removed(traits, keys, 0)
