/** The tabs of a source. */
import { Link } from "@tanstack/react-router"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { type SourceTab, sourceTabs } from "../../url-state.ts"

const titles: Readonly<Record<SourceTab, string>> = {
  overview: "Overview",
  schema: "Schema",
  settings: "Settings",
  alerts: "Alerts"
}

export const SourceTabs = ({ source, tab }: { readonly source: string; readonly tab: SourceTab }) => {
  const { slug } = useSpace()
  // Who sees one space has its schema only.
  if (!useMayConnect()) return undefined
  return (
    <nav className="tabs" aria-label="Of this source">
      {sourceTabs.map((each) => (
        <Link
          key={each}
          to={each === "schema" ? "/s/$space/sources/$source/schema" : "/s/$space/sources/$source/$tab"}
          params={{ space: slug, source, tab: each }}
          activeProps={{}}
          {...(each === tab ? { "aria-current": "page" as const } : { "aria-current": undefined })}
        >
          {titles[each]}
        </Link>
      ))}
    </nav>
  )
}
