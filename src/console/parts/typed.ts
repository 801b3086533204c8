/** A text field whose value is part of the address: what is typed counts when nothing has been typed for a moment. */
import { useEffect, useEffectEvent, useState } from "react"
import { fieldText } from "../url-state.ts"

export const useTyped = (value: string | undefined, onSettled: (value: string | undefined) => void) => {
  const [text, setText] = useState(value ?? "")
  const [seen, setSeen] = useState(value)
  // The address has changed otherwise: by a link, or the way back.
  if (value !== seen) {
    setSeen(value)
    setText(value ?? "")
  }
  const settle = useEffectEvent(() => {
    if (fieldText(text.trim()) !== value) onSettled(fieldText(text.trim()))
  })
  useEffect(() => {
    const timer = setTimeout(settle, 250)
    return () => clearTimeout(timer)
  }, [text])
  return [text, setText] as const
}
