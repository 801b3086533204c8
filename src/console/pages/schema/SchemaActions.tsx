/** Download, events in advance (ING-133), and forgetting what was listed (ING-131). */
import { Download, Plus, Trash2 } from "lucide-react"
import { useState } from "react"
import { ask } from "../../api/client.ts"
import { useChange, useMasked, useMay, useSpace } from "../../api/hooks.ts"
import type { SchemaType } from "../../api/schema.gql.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { saveFile } from "../../parts/save-file.ts"
import { addSchemaEvent, clearSchemaHistory, schemaDownload } from "./schema.gql.ts"

const typeWords: Readonly<Record<SchemaType, string>> = {
  TRACK: "events",
  IDENTIFY: "traits of people",
  GROUP: "traits of accounts"
}

interface ActionsProps {
  readonly source: string
  readonly days: number
  readonly type: SchemaType
  readonly onError: (error: Error | undefined) => void
  readonly onAdded: (event: string) => void
}

const AddEvent = ({
  source,
  onAdded,
  onClose
}: Pick<ActionsProps, "source" | "onAdded"> & { readonly onClose: () => void }) => {
  const { id: space } = useSpace()
  const [event, setEvent] = useState("")
  const add = useChange(addSchemaEvent)
  const name = event.trim()
  return (
    <Confirm
      open
      title="Add an event that has not come yet?"
      verb="Add event"
      keep="Cancel"
      error={add.error}
      busy={add.isPending}
      disabled={name === ""}
      onConfirm={() => add.mutate({ space, source, event: name }, { onSuccess: () => (onClose(), onAdded(name)) })}
      onClose={onClose}
    >
      <p className="q2">It is listed as never seen. Nothing is tracked by this.</p>
      <label className="field">
        <span className="lbl">Name of the event, exactly</span>
        <input
          className="input"
          value={event}
          maxLength={200}
          placeholder="Order Completed"
          onChange={(change) => setEvent(change.target.value)}
        />
      </label>
    </Confirm>
  )
}

const Clear = ({ source, type, onClose }: Pick<ActionsProps, "source" | "type"> & { readonly onClose: () => void }) => {
  const { id: space } = useSpace()
  const clear = useChange(clearSchemaHistory)
  return (
    <Confirm
      open
      title={`Clear the ${typeWords[type]} of this source?`}
      verb="Clear history"
      keep="Keep it"
      error={clear.error}
      busy={clear.isPending}
      onConfirm={() => clear.mutate({ space, source, type }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="q2">
        The list becomes empty, archived ones and those added in advance included. Stored events stay, and what still
        comes is listed again.
      </p>
    </Confirm>
  )
}

export const SchemaActions = ({ source, days, type, onError, onAdded }: ActionsProps) => {
  const { id: space } = useSpace()
  const may = useMay("admin")
  const masked = useMasked()
  const [asking, setAsking] = useState<"add" | "clear" | undefined>()
  const [busy, setBusy] = useState(false)
  const download = async () => {
    setBusy(true)
    onError(undefined)
    try {
      const { sourceSchema } = await ask(schemaDownload, { space, source, days, type }, space)
      saveFile(sourceSchema.export.fileName, sourceSchema.export.content, "text/csv")
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      {may && type === "TRACK" ? (
        <button className="btn g" type="button" onClick={() => setAsking("add")}>
          <Plus size={14} aria-hidden="true" />
          New event…
        </button>
      ) : undefined}
      {may ? (
        <button className="btn g" type="button" onClick={() => setAsking("clear")}>
          <Trash2 size={14} aria-hidden="true" />
          Clear history…
        </button>
      ) : undefined}
      {masked ? undefined : (
        <button
          className="btn"
          type="button"
          disabled={busy}
          title="All rows of this tab, whatever is filtered"
          onClick={() => void download()}
        >
          <Download size={14} aria-hidden="true" />
          Download CSV
        </button>
      )}
      {asking === "add" ? (
        <AddEvent source={source} onAdded={onAdded} onClose={() => setAsking(undefined)} />
      ) : undefined}
      {asking === "clear" ? <Clear source={source} type={type} onClose={() => setAsking(undefined)} /> : undefined}
    </>
  )
}
