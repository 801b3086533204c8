/** Pages say where they are below their space; the top bar shows it. */
import { createContext, use, useEffect } from "react"

interface CrumbHolder {
  readonly set: (crumbs: ReadonlyArray<string>) => void
}

export const CrumbContext = createContext<CrumbHolder>({ set: () => {} })

/** `["Profiles|/s/x/profiles", "Jane"]`: a title, and the address behind the bar. */
export const useCrumbs = (...crumbs: ReadonlyArray<string>): void => {
  const { set } = use(CrumbContext)
  const key = crumbs.join("\n")
  useEffect(() => set(key.split("\n")), [key, set])
}
