/** Undoing a merge: what both profiles will be is shown before anything is done. */
import { useState } from "react"
import { useChange, useData, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { QueryView } from "../../parts/States.tsx"
import { previewUndo, undoMerge } from "./profile.gql.ts"
import { SplitSides } from "./SplitSides.tsx"

export const UndoMerge = ({ merge, onClose }: { readonly merge: string; readonly onClose: () => void }) => {
  const { id: space } = useSpace()
  const [keepApart, setKeepApart] = useState(true)
  const preview = useData(previewUndo, { space, merge })
  const undo = useChange(undoMerge)
  return (
    <Confirm
      open
      title="Undo this merge?"
      verb="Undo merge"
      keep="Keep merged"
      reasonHint="Shared family phone"
      footer="Can be reverted"
      error={undo.error}
      busy={undo.isPending}
      disabled={preview.data === undefined}
      onConfirm={(reason) => undo.mutate({ space, merge, keepApart, reason }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <QueryView query={preview} rows={3}>
        {({ previewUndoMerge }) => <SplitSides {...previewUndoMerge} />}
      </QueryView>
      <label className="check">
        <input type="checkbox" checked={keepApart} onChange={(event) => setKeepApart(event.target.checked)} />
        Keep them apart, even if they share an event again
      </label>
    </Confirm>
  )
}
