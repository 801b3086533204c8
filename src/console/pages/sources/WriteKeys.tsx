/** Write keys of a source (ADM-72): several at once, so that one can be replaced without losing an event. */
import { Plus, X } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { useApiChange } from "../../api/public-api.ts"
import type { Source } from "../../api/public-types.ts"
import { addWriteKey, removeWriteKey } from "../../api/requests.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import { RowButton } from "../../parts/RowButton.tsx"
import { Empty, Failed } from "../../parts/States.tsx"
import { Table } from "../../parts/Table.tsx"
import { ago, exact } from "../../words.ts"

export const WriteKeys = ({ source }: { readonly source: Source }) => {
  const may = useMayConnect()
  const add = useApiChange()
  const remove = useApiChange()
  const [asking, setAsking] = useState<string | undefined>()
  const details = new Map((source.writeKeyDetails ?? []).map((each) => [each.key, each]))
  return (
    <section className="card fixed" aria-label="Write keys">
      <h2 className="h">
        Write keys
        <span className="r">
          {may ? (
            <button
              className="btn g s"
              type="button"
              disabled={add.isPending}
              onClick={() => add.mutate(addWriteKey(source.id))}
            >
              <Plus size={12} aria-hidden="true" />
              Add key
            </button>
          ) : undefined}
        </span>
      </h2>
      {add.error === null ? undefined : <Failed error={add.error} />}
      {source.writeKeys.length === 0 ? (
        <Empty title="No key is shown">Who may edit the source sees its keys.</Empty>
      ) : (
        <Table columns={[["Key"], ["Last used", 110], ["By", 170], ["Do", 90, "hidden"]]}>
          {source.writeKeys.map((key) => {
            const detail = details.get(key)
            return (
              <tr key={key}>
                <td className="m">{key}</td>
                <td className="q" title={detail?.lastUsedAt == null ? "" : exact(detail.lastUsedAt)}>
                  {detail?.lastUsedAt == null ? "never" : ago(detail.lastUsedAt)}
                </td>
                <td className="q2">{detail?.lastLibrary ?? ""}</td>
                <td>
                  <span className="row g4">
                    <Copy text={key} what="write key" />
                    <RowButton
                      icon={X}
                      verb="Remove"
                      of={`key ${key}`}
                      disabled={!may || source.writeKeys.length < 2}
                      onClick={() => setAsking(key)}
                    />
                  </span>
                </td>
              </tr>
            )
          })}
        </Table>
      )}
      {asking === undefined ? undefined : (
        <Confirm
          open
          title="Remove this write key?"
          verb="Remove key"
          keep="Keep it"
          error={remove.error}
          busy={remove.isPending}
          onConfirm={() => remove.mutate(removeWriteKey(source.id, asking), { onSuccess: () => setAsking(undefined) })}
          onClose={() => setAsking(undefined)}
        >
          <p className="q2">
            What is still sent with <span className="m">{asking}</span> is lost from then on. Change your libraries
            first; "last used" tells whether one still has it.
          </p>
        </Confirm>
      )}
    </section>
  )
}
