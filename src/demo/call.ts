/** A call of a Segment library, as data: who is asked to send it, and what. */
import type { GroupParams, IdentifyParams, PageParams, TrackParams } from "@segment/analytics-node"

/** The shop's sources: its website and its two apps. */
export const demoSources = ["web", "ios", "android"] as const
export type DemoSource = (typeof demoSources)[number]

export type DemoCall = {
  readonly source: DemoSource
  /** When it happened, epoch milliseconds; goes out as `timestamp`. */
  readonly at: number
} & (
  | { readonly type: "identify"; readonly params: IdentifyParams }
  | { readonly type: "track"; readonly params: TrackParams }
  | { readonly type: "page"; readonly params: PageParams }
  | { readonly type: "screen"; readonly params: PageParams }
  | { readonly type: "group"; readonly params: GroupParams }
)
