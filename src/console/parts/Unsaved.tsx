/** Asks before a page, or what is edited on it, is left with changes that were not saved; the browser asks when the tab is closed. */
import { useBlocker } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { Confirm } from "./Dialog.tsx"

interface UnsavedProps {
  readonly dirty: boolean
  readonly title?: string
  readonly verb?: string
  readonly keep?: string
  readonly children: ReactNode
  /** Of the address: leaving it is leaving what is edited. Other members are filters and selections. */
  readonly member?: "edit"
  /** Asked at the moment itself, which may come before the next rendering: what was saved may go. */
  readonly isSaved?: () => boolean
}

const memberOf = (search: object, member: string | undefined): unknown =>
  member === undefined ? undefined : (Object.entries(search).find(([key]) => key === member)?.[1] as unknown)

export const Unsaved = ({
  dirty,
  title = "Leave without saving?",
  verb = "Discard changes",
  keep = "Go on editing",
  children,
  member,
  isSaved = () => false
}: UnsavedProps) => {
  const { status, proceed, reset } = useBlocker({
    disabled: !dirty,
    enableBeforeUnload: () => dirty && !isSaved(),
    shouldBlockFn: ({ current, next }) =>
      !isSaved() &&
      (current.pathname !== next.pathname || memberOf(current.search, member) !== memberOf(next.search, member)),
    withResolver: true
  })
  return status === "blocked" ? (
    <Confirm open title={title} verb={verb} keep={keep} error={null} busy={false} onConfirm={proceed} onClose={reset}>
      <p className="q2">{children}</p>
    </Confirm>
  ) : undefined
}
