/** A question with consequences: what will happen, why (kept in the audit trail), and two verbs. */
import { Dialog } from "@base-ui/react/dialog"
import { type ReactNode, useState } from "react"
import { Failed } from "./States.tsx"

interface ConfirmProps {
  readonly open: boolean
  readonly title: string
  readonly children: ReactNode
  readonly verb: string
  readonly keep: string
  readonly error: Error | null
  readonly busy: boolean
  /** Without one the person is not asked why. */
  readonly reasonHint?: string
  readonly footer?: string
  readonly disabled?: boolean
  readonly onConfirm: (reason: string) => void
  readonly onClose: () => void
}

export const Confirm = (props: ConfirmProps) => {
  const [reason, setReason] = useState("")
  const { reasonHint } = props
  const missing = reasonHint !== undefined && reason.trim() === ""
  return (
    <Dialog.Root open={props.open} onOpenChange={(open) => open || props.onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="veil" />
        <Dialog.Popup className="dialog">
          <Dialog.Title render={<h2 />}>{props.title}</Dialog.Title>
          <form
            onSubmit={(event) => {
              event.preventDefault()
              if (!missing && !props.busy && props.disabled !== true) props.onConfirm(reason.trim())
            }}
          >
            <Dialog.Description render={<div className="said" />}>{props.children}</Dialog.Description>
            {reasonHint === undefined ? undefined : (
              <label className="field">
                <span className="lbl">Reason, kept in the audit trail</span>
                <input
                  className="input"
                  value={reason}
                  maxLength={500}
                  placeholder={reasonHint}
                  onChange={(event) => setReason(event.target.value)}
                />
              </label>
            )}
            {props.error === null ? undefined : <Failed error={props.error} />}
            <div className="acts">
              {props.footer === undefined ? undefined : (
                <span className="q" style={{ marginRight: "auto", fontSize: 12 }}>
                  {props.footer}
                </span>
              )}
              <button className="btn" type="button" onClick={props.onClose}>
                {props.keep}
              </button>
              <button className="btn p" type="submit" disabled={missing || props.busy || props.disabled === true}>
                {props.verb}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
