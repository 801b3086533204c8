/** Splitting a profile: which identifiers become a profile of their own, and what that would leave behind. */
import { useState } from "react"
import { nodes, useChange, useData, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { Identifier } from "../../parts/Identity.tsx"
import { QueryView } from "../../parts/States.tsx"
import { previewSplit, profileIdentities, splitProfile } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { SplitSides } from "./SplitSides.tsx"

interface SplitDialogProps {
  readonly of: ProfileRef
  readonly onClose: () => void
  readonly onDone: (separated: string) => void
}

const keyOf = ({ type, id }: { readonly type: string; readonly id: string }) => `${type}:${id}`

export const SplitDialog = ({ of, onClose, onDone }: SplitDialogProps) => {
  const { id: space } = useSpace()
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [keepApart, setKeepApart] = useState(true)
  const query = useData(profileIdentities, of)
  const all = query.data?.profile === null || query.data === undefined ? [] : nodes(query.data.profile.externalIds)
  const identifiers = all.filter((each) => picked.has(keyOf(each))).map(({ type, id }) => ({ type, id }))
  const possible = identifiers.length > 0 && identifiers.length < all.length
  const input = { profile: of.id, identifiers, keepApart }
  const preview = useData(previewSplit, { space, input }, { enabled: possible, keep: true })
  const split = useChange(splitProfile)
  const toggle = (key: string) => {
    const next = new Set(picked)
    if (!next.delete(key)) next.add(key)
    setPicked(next)
  }
  return (
    <Confirm
      open
      title="Split this profile?"
      verb="Split"
      keep="Keep whole"
      reasonHint="Two people used one address"
      footer="Can be reverted"
      error={split.error}
      busy={split.isPending}
      disabled={!possible || preview.data === undefined}
      onConfirm={(reason) =>
        split.mutate(
          { space, input, reason },
          { onSuccess: ({ splitProfile: { separated } }) => (onClose(), onDone(separated.segmentId)) }
        )
      }
      onClose={onClose}
    >
      <p className="q2">Choose what becomes a profile of its own.</p>
      <QueryView query={query} rows={3}>
        {() => (
          <div className="pick" role="group" aria-label="Identifiers">
            {all.map((each) => (
              <label className="check" key={each.mappingId}>
                <input type="checkbox" checked={picked.has(keyOf(each))} onChange={() => toggle(keyOf(each))} />
                <Identifier of={{ type: each.type, id: each.id, collection: of.collection }} />
              </label>
            ))}
          </div>
        )}
      </QueryView>
      {possible ? (
        <QueryView query={preview} rows={2}>
          {({ previewSplit: sides }) => <SplitSides {...sides} />}
        </QueryView>
      ) : undefined}
      <label className="check">
        <input type="checkbox" checked={keepApart} onChange={(event) => setKeepApart(event.target.checked)} />
        Keep them apart, even if they share an event again
      </label>
    </Confirm>
  )
}
