/** What became of a message, as the list and its pane say it. */
import { Ban, CircleAlert, GitMerge, type LucideIcon, UserPlus, X } from "lucide-react"
import type { ReactNode } from "react"
import type { Message } from "./feed.ts"

const titles: Readonly<Record<string, string>> = {
  CREATE: "Created",
  ADD: "Added",
  NONE: "Existing",
  MERGE: "Merged",
  UNRESOLVED: "Unresolved",
  DROPPED: "Dropped",
  ERASED: "Erased"
}

const tones: Readonly<Record<string, string>> = {
  MERGE: "acc b",
  UNRESOLVED: "warn",
  NONE: "q",
  DROPPED: "q",
  ERASED: "q"
}

const icons: Readonly<Record<string, LucideIcon>> = { CREATE: UserPlus, MERGE: GitMerge, UNRESOLVED: CircleAlert }

interface SaidProps {
  readonly tone: string
  readonly icon?: LucideIcon | undefined
  readonly children: ReactNode
}

const Said = ({ tone, icon: Icon, children }: SaidProps) => (
  <span className={`row g4 ${tone}`}>
    {Icon === undefined ? undefined : <Icon size={14} strokeWidth={1.75} aria-hidden="true" />}
    <span className="el">{children}</span>
  </span>
)

export const OutcomeOf = ({ message: { status, outcome } }: { readonly message: Message }) => {
  if (status === "DISCARDED")
    return (
      <Said tone="bad" icon={X}>
        Discarded
      </Said>
    )
  if (status === "BLOCKED")
    return (
      <Said tone="q" icon={Ban}>
        Blocked
      </Said>
    )
  if (status === "DUPLICATE") return <Said tone="q">Duplicate</Said>
  if (outcome === null) return <Said tone="q">waiting</Said>
  const { action, mapped, demoted } = outcome
  return (
    <Said tone={tones[action] ?? ""} icon={icons[action]}>
      {titles[action] ?? action.toLowerCase()}
      {action === "ADD" && mapped > 0 ? <span className="q"> +{mapped}</span> : undefined}
      {demoted > 0 ? <span className="warn"> · {demoted} demoted</span> : undefined}
    </Said>
  )
}
