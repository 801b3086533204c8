/**
 * Keys that work everywhere. Single letters are off while a field has focus (WCAG 2.1.4: they can be switched off
 * altogether with `localStorage.braid_keys = "off"`, which the help says).
 */
import { useEffect, useEffectEvent } from "react"

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const isOff = () => localStorage.getItem("braid_keys") === "off"

/** Somebody is being asked something: letters are not for the page behind. */
const dialogIsOpen = () => document.querySelector('[role="dialog"],[role="alertdialog"]') !== null

/** Calls the handler of the pressed key; `keys` by `KeyboardEvent.key`. */
export const useKeys = (keys: Readonly<Record<string, (event: KeyboardEvent) => void>>, enabled = true): void => {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return
    if (isTyping(event.target) || isOff() || dialogIsOpen()) return
    const handler = keys[event.key]
    if (handler === undefined) return
    // A focused link or button keeps its own key.
    if (event.key === "Enter" && event.target instanceof Element && event.target.closest("a,button") !== null) return
    event.preventDefault()
    handler(event)
  })
  useEffect(() => {
    if (!enabled) return
    addEventListener("keydown", pressed)
    return () => removeEventListener("keydown", pressed)
  }, [enabled])
}

/** `G` and then a letter, within a second. */
export const useGoKeys = (go: Readonly<Record<string, () => void>>): void => {
  const pressed = useEffectEvent((event: KeyboardEvent, state: { at: number }) => {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || isOff() || dialogIsOpen()) return
    if (Date.now() - state.at < 1000) {
      const target = go[event.key.toLowerCase()]
      state.at = 0
      if (target === undefined) return
      event.preventDefault()
      event.stopPropagation()
      target()
    } else if (event.key === "g") state.at = Date.now()
  })
  useEffect(() => {
    const state = { at: 0 }
    const listener = (event: KeyboardEvent) => pressed(event, state)
    addEventListener("keydown", listener, { capture: true })
    return () => removeEventListener("keydown", listener, { capture: true })
  }, [])
}
