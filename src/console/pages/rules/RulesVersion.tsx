/** Versions of the rules: who saved which when, what each changed, and what is different today. */
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { useData, useMay, useSession, useSpace } from "../../api/hooks.ts"
import { familyClass } from "../../parts/Identity.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { actorText, exact, moment, plural } from "../../words.ts"
import { Changes } from "../what-if/Changes.tsx"
import { draftKey, edit, keep, recall } from "./drafts.ts"
import { currentRules, type RulesDocument, rulesVersion, rulesVersions } from "./rules.gql.ts"
import { changesBetween, flags, splitBlocked } from "./rules-draft.ts"
import "./rules.css"

const Versions = ({ version }: { readonly version: number }) => {
  const { id: space, slug } = useSpace()
  const query = useData(rulesVersions, { space })
  return (
    <section className="card" aria-label="Versions">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ space: found }) =>
            (found?.rulesVersions ?? []).map((each, i) => (
              <Link
                className="vrow"
                key={each.version}
                to="/s/$space/rules/versions/$version"
                params={{ space: slug, version: String(each.version) }}
                {...(each.version === version ? { "aria-current": "page" as const } : {})}
              >
                <span className="b">v{each.version}</span>
                <span className="q2 el">
                  {each.origin === "file" ? "configuration file" : actorText(each.actor ?? "")}
                </span>
                <span className="lbl ml" title={exact(each.savedAt)}>
                  {i === 0 ? "in force" : moment(each.savedAt)}
                </span>
              </Link>
            ))
          }
        </QueryView>
      </div>
    </section>
  )
}

const Document = ({ rules }: { readonly rules: RulesDocument }) => (
  <>
    <Table
      className="rules"
      columns={[["Priority", 80], ["Identifier", 180], ["Keep at most, per profile", 180], ["Never use these values"]]}
    >
      {rules.identifiers.map((rule) => {
        const { suggested, own } = splitBlocked(rule.blocked)
        return (
          <tr key={`${rule.collection}:${rule.type}`} className={familyClass(rule)}>
            <td className="q">{rule.enabled ? (rule.explicitRank ? rule.rank : "A–Z") : ""}</td>
            <td>
              <span className="knot fam">{rule.type}</span>{" "}
              <span className="lbl">{rule.enabled ? (rule.origin === "default" ? "" : rule.origin) : "off"}</span>
            </td>
            <td>
              {rule.limit} {rule.window.toLowerCase()}
            </td>
            <td className="m">
              {[...(suggested > 0 ? [`${suggested} suggested`] : []), ...own.map(({ value }) => value)].join(", ")}
            </td>
          </tr>
        )
      })}
    </Table>
    <p className="pad q2">
      {flags.map(([key, title]) => `${title}: ${rules[key] ? "on" : "off"}`).join(". ")}.
      {rules.spaceBlocked.length === 0
        ? ""
        : ` Blocked for every type: ${rules.spaceBlocked.map(({ value }) => value).join(", ")}.`}
    </p>
  </>
)

export const RulesVersion = () => {
  const { version: text, space: slug } = useParams({ from: "/app/s/$space/rules/versions/$version" })
  const { id: space } = useSpace()
  const key = draftKey(useSession().tokenId, space)
  const may = useMay("admin")
  const navigate = useNavigate()
  const version = Number(text) || 0
  useCrumbs(`Identity rules|/s/${slug}/rules`, `v${version}`)
  const then = useData(rulesVersion, { space, version })
  const before = useData(rulesVersion, { space, version: version - 1 }, { enabled: version > 1 })
  const now = useData(currentRules, { space })
  const current = now.data?.space?.rules
  const old = then.data?.space?.rules
  const previous = before.data?.space?.rules
  const since = old == null || current == null ? undefined : changesBetween(old, current)
  /** The old document as a change of the one in force; nothing is saved. */
  const restore = () => {
    if (old == null || current == null) return
    keep(key, edit(recall(key, current), { ...old, version: current.version, savedAt: current.savedAt }))
    void navigate({ to: "/s/$space/rules", params: { space: slug } })
  }
  return (
    <Page
      title={`Identity rules, version ${version}`}
      sub={
        old == null || since === undefined
          ? undefined
          : version === current?.version
            ? "in force"
            : `saved ${moment(old.savedAt)}; ${plural(since.length, "change")} since`
      }
      actions={
        may && since !== undefined && since.length > 0 ? (
          <button className="btn" type="button" onClick={restore}>
            Edit the rules back to v{version}
          </button>
        ) : undefined
      }
      ready={then.data !== undefined || then.error !== null}
    >
      <div className="vgrid">
        <Versions version={version} />
        <section className="card" aria-label={`Version ${version}`}>
          <div className="scroll" tabIndex={0}>
            <QueryView query={then}>
              {() =>
                old == null ? (
                  <Empty title={`There is no version ${version}`} />
                ) : (
                  <>
                    {previous == null ? undefined : (
                      <p className="sec2">
                        <span className="lbl">Against v{version - 1}: </span>
                        <Changes changes={changesBetween(previous, old)} most={12} />
                      </p>
                    )}
                    {since === undefined || since.length === 0 ? undefined : (
                      <p className="sec2">
                        <span className="lbl">What is different today: </span>
                        <Changes changes={since} most={12} />
                      </p>
                    )}
                    <Document rules={old} />
                  </>
                )
              }
            </QueryView>
          </div>
        </section>
      </div>
    </Page>
  )
}
