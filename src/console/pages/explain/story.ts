/**
 * An explanation as a story: the few items that a person wants to read, and what happens to the thread of each identifier at each
 * of them. `tell.ts` makes it of the typed steps of IDR-180, `finding.ts` gives it its title, `StoryView.tsx` draws it.
 */
export interface StoryIdentifier {
  readonly collection: string
  readonly type: string
  readonly id: string
}

export interface RawStep {
  readonly n: number
  readonly kind: string
  readonly text: string
  readonly data: unknown
}

/**
 * `start`: found in the event. `pass`: nothing happens. `match`, `fresh`: a profile has it, nobody has it. `caught`: part of a
 * breach. `cut`: does not count from here on. `end`: goes into the decision.
 */
export type KnotKind = "start" | "pass" | "match" | "fresh" | "caught" | "cut" | "end"

export interface Chip {
  readonly of: StoryIdentifier
  readonly how: "new" | "out" | undefined
  readonly note: string | undefined
  /** Profile that the note is about. */
  readonly profile: string | undefined
}

export interface WouldBe {
  readonly type: string
  readonly count: number
  readonly limit: number
  readonly window: string
  readonly breached: boolean
}

export interface StoryItem {
  readonly title: string
  readonly tone: "plain" | "quiet" | "warn" | "bad"
  readonly detail: string | undefined
  readonly profile: string | undefined
  readonly chips: ReadonlyArray<Chip>
  readonly wouldBe: ReadonlyArray<WouldBe>
  readonly knots: ReadonlyMap<string, KnotKind>
}

export interface Lane {
  readonly key: string
  readonly of: StoryIdentifier
  readonly from: string
}

export interface Story {
  readonly lanes: ReadonlyArray<Lane>
  readonly items: ReadonlyArray<StoryItem>
  /** Segment ids that the event could have led to. */
  readonly candidates: ReadonlyArray<string>
  /** The first limit that was in the way. */
  readonly breach:
    | {
        readonly type: string
        readonly count: number
        readonly limit: number
        readonly window: string
        readonly collection: string
      }
    | undefined
  readonly demoted: ReadonlyArray<StoryIdentifier>
}
