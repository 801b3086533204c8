/** Profiles Insights (PRO-80..85): what went wrong and well, who changed what, what is contended, why two did not merge. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { Page } from "../../parts/Page.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed, insightsTabs, type InsightsTab } from "../../url-state.ts"
import { Audit } from "./Audit.tsx"
import { Contended } from "./Contended.tsx"
import type { Change } from "./filters.ts"
import { NotMerged } from "./NotMerged.tsx"
import { Records } from "./Records.tsx"
import "./insights.css"

const titles: Readonly<Record<InsightsTab, string>> = {
  violations: "Errors and violations",
  success: "Success logs",
  audit: "Audit trail",
  contended: "Contended",
  "not-merged": "Why not merged?"
}

export const Insights = () => {
  const { tab, space } = useParams({ from: "/app/s/$space/insights/$tab" })
  const filters = useSearch({ from: "/app/s/$space/insights/$tab" })
  const navigate = useNavigate({ from: "/s/$space/insights/$tab" })
  useCrumbs(`Insights|/s/${space}/insights/violations`, titles[tab])
  const set: Change = (change) => void navigate({ search: (old) => changed(old, change), replace: true })
  return (
    <Page title={tab === "not-merged" ? "Why were these two not merged?" : titles[tab]}>
      <nav className="tabs" aria-label="Insights">
        {insightsTabs.map((each) => (
          <Link
            key={each}
            to="/s/$space/insights/$tab"
            params={{ space, tab: each }}
            {...(each === tab ? { "aria-current": "page" as const } : {})}
          >
            {titles[each]}
          </Link>
        ))}
      </nav>
      {tab === "violations" || tab === "success" ? (
        <Records filters={filters} set={set} success={tab === "success"} />
      ) : tab === "audit" ? (
        <Audit filters={filters} set={set} />
      ) : tab === "contended" ? (
        <Contended />
      ) : (
        <NotMerged filters={filters} set={set} />
      )}
    </Page>
  )
}
