/** A field of a form: its name, the control, what it means, and what is wrong with it, all told to screen readers. */
import { type ReactNode, useId } from "react"
import "./form.css"

interface FormFieldProps {
  readonly label: string
  readonly required?: boolean
  readonly help?: string | undefined
  readonly problem?: string | undefined
  /** Given the attributes that tie the control to its words. */
  readonly children: (control: ControlProps) => ReactNode
  readonly note?: ReactNode
}

export interface ControlProps {
  readonly id: string
  readonly "aria-describedby": string
  readonly "aria-invalid": boolean
  readonly "aria-required": boolean
}

/** Descriptions of the catalog are Markdown and HTML: only their words are shown. */
export const plain = (text: string): string =>
  text
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[*`]{1,2}([^*`]+)[*`]{1,2}/g, "$1")
    .trim()

export const FormField = ({ label, required = false, help = "", problem, children, note }: FormFieldProps) => {
  const id = useId()
  const said = `${id}-said`
  const words = plain(help)
  return (
    <div className="ff">
      <div className="row">
        <label className="b" htmlFor={id}>
          {label}
        </label>
        {required ? <span className="lbl">needed</span> : undefined}
        {note === undefined ? undefined : <span className="ml">{note}</span>}
      </div>
      {children({
        id,
        "aria-describedby": said,
        "aria-invalid": problem !== undefined,
        "aria-required": required
      })}
      <div id={said}>
        {problem === undefined ? undefined : <p className="bad">{problem}</p>}
        {words === "" ? undefined : <p className="q2 s">{words}</p>}
      </div>
    </div>
  )
}
