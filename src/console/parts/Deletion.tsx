/** The end of an object of the workspace: the panel at the foot of its page, and the question behind it. */
import { Trash2 } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../api/hooks.ts"
import { type Change, useApiTry, useRefreshApi } from "../api/public-api.ts"
import { TypedConfirm } from "./TypedConfirm.tsx"

interface DeletionProps {
  readonly name: string
  /** Ends "Delete ...". */
  readonly kind: string
  /** Beside the button. */
  readonly hint: string
  /** What goes with it, and what stays. */
  readonly consequences: string
  readonly request: Change<unknown>
  readonly onDeleted: () => void
  /** Why it cannot be deleted now. */
  readonly blocked?: string | undefined
}

export const Deletion = ({ name, kind, hint, consequences, request, onDeleted, blocked }: DeletionProps) => {
  const may = useMayConnect()
  const remove = useApiTry()
  const refresh = useRefreshApi()
  const [asking, setAsking] = useState(false)
  if (!may) return undefined
  return (
    <section className="card fixed" aria-label="Deletion">
      <div className="pad row">
        <span className="q2 grow">{blocked ?? hint}</span>
        <button className="btn" type="button" disabled={blocked !== undefined} onClick={() => setAsking(true)}>
          <Trash2 size={14} aria-hidden="true" />
          Delete…
        </button>
      </div>
      {asking ? (
        <TypedConfirm
          title={`Delete ${name}?`}
          name={name}
          to="delete it"
          verb={`Delete ${kind}`}
          keep="Keep it"
          error={remove.error}
          busy={remove.isPending}
          onConfirm={() =>
            remove.mutate(request, {
              onSuccess: () => {
                void refresh("none")
                onDeleted()
              }
            })
          }
          onClose={() => setAsking(false)}
        >
          {consequences}
        </TypedConfirm>
      ) : undefined}
    </section>
  )
}
