/** A profile at a glance: which identifiers and how near their limits, what happened last, which traits. */
import { IdentityPanel } from "./IdentityPanel.tsx"
import type { ProfileRef } from "./ref.ts"
import { TimelinePanel } from "./TimelinePanel.tsx"
import { TraitsPanel } from "./TraitsPanel.tsx"

export const Overview = ({ of }: { readonly of: ProfileRef }) => (
  <div className="three">
    <IdentityPanel of={of} />
    <TimelinePanel of={of} />
    <TraitsPanel of={of} />
  </div>
)
