/** A version of the rules that was saved before, and what is different today. */
import { useParams } from "@tanstack/react-router"
import { useData, useSpace } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { family, moment, plural } from "../../words.ts"
import { currentRules, rulesVersion } from "./rules.gql.ts"
import { changesBetween } from "./rules-draft.ts"

export const RulesVersion = () => {
  const { version, space: slug } = useParams({ from: "/app/s/$space/rules/versions/$version" })
  const { id: space } = useSpace()
  useCrumbs(`Identity rules|/s/${slug}/rules`, `v${version}`)
  const then = useData(rulesVersion, { space, version: Number(version) || 0 })
  const now = useData(currentRules, { space })
  return (
    <Page title={`Identity rules, version ${version}`}>
      <section className="card grow" aria-label="What is different today">
        <div className="scroll" tabIndex={0}>
          <QueryView query={then}>
            {({ space: old }) => (
              <QueryView query={now}>
                {({ space: current }) => {
                  const before = old?.rules
                  const after = current?.rules
                  if (before == null || after == null) return <Empty title={`There is no version ${version}`} />
                  const changes = changesBetween(before, after)
                  return (
                    <div className="pad">
                      <p className="finding">
                        Saved {moment(before.savedAt)}. {plural(changes.length, "change")} until v{after.version}, the
                        rules in force.
                      </p>
                      <ul>
                        {changes.map(({ type, collection, text }) => (
                          <li key={`${type}${text}`}>
                            <span className={`fam f-${family(type, collection)}`}>{type}</span> {text}
                          </li>
                        ))}
                      </ul>
                    </div>
                  )
                }}
              </QueryView>
            )}
          </QueryView>
        </div>
      </section>
    </Page>
  )
}
