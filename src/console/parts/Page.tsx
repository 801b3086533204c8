/** What every page has: one h1 that states its finding, the document's title, and a mark for when it is complete. */
import { type ReactNode, useEffect } from "react"

interface PageProps {
  readonly title: string
  readonly sub?: ReactNode
  readonly actions?: ReactNode
  /** False while data for the first view is missing. */
  readonly ready?: boolean
  readonly children: ReactNode
  /** Instead of the usual head; must have the h1. */
  readonly head?: ReactNode
}

export const Page = ({ title, sub, actions, ready = true, children, head }: PageProps) => {
  useEffect(() => {
    document.title = `${title} - Braid`
  }, [title])
  return (
    <main className="page" id="main" tabIndex={-1} data-ready={ready ? "" : undefined}>
      {head ?? (
        <div className="ph">
          <h1>{title}</h1>
          {sub === undefined ? undefined : <span className="sub el">{sub}</span>}
          {actions === undefined ? undefined : <div className="r">{actions}</div>}
        </div>
      )}
      {children}
    </main>
  )
}
