import { Check, Copy as CopyIcon } from "lucide-react"
import { useState } from "react"
import { useMasked } from "../api/hooks.ts"

/** Copies a personal value; a mask is not worth copying. */
export const CopyValue = (props: { readonly text: string; readonly what: string }) =>
  useMasked() ? undefined : <Copy {...props} />

/** Copies a text; says so for a moment. */
export const Copy = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [done, setDone] = useState(false)
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setDone(true)
        setTimeout(() => setDone(false), 1500)
      },
      () => undefined
    )
  return (
    <button className="btn g ic s" type="button" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
      {done ? <Check size={14} /> : <CopyIcon size={14} />}
    </button>
  )
}
