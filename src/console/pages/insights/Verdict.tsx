/** Why two identifiers did not come together (PRO-85): the finding, both profiles, the event in question, and what can be done. */
import { Link } from "@tanstack/react-router"
import { nodes, useData, useMasked, useMay, useSpace } from "../../api/hooks.ts"
import { ExplainLink, Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Sentence } from "../../parts/Sentence.tsx"
import { QueryView } from "../../parts/States.tsx"
import { nameOf, plural } from "../../words.ts"
import { whyNotMerged, type WhyNotMergedData } from "./insights.gql.ts"
import { InsightTable } from "./InsightTable.tsx"
import "../explain/explain.css"
import { TryLimit } from "./TryLimit.tsx"
import type { Named } from "./use-identifier.ts"

const titles: Readonly<Record<string, string>> = {
  SAME_PROFILE: "They are on the same profile",
  DIFFERENT_COLLECTIONS: "One is a person's, the other an account's",
  KEPT_APART: "A person keeps them apart",
  LIMIT: "A limit was in the way",
  PROTECTION_LIMIT: "A protection limit was in the way",
  NOT_PROMOTED: "The rules do not use one of them",
  UNKNOWN_IDENTIFIER: "Nobody has one of them",
  NEVER_TOGETHER: "No event ever carried both"
}

type Holder = WhyNotMergedData["first"]

const Side = ({ of, holder }: { readonly of: Named; readonly holder: Holder }) => (
  <div className="out is">
    <Identifier of={of} how={holder === null ? "new" : undefined} />
    {holder === null ? (
      <p className="q2">is on no profile</p>
    ) : (
      <>
        <div className="row">
          <span className="q2">is on</span>
          <b className="b el">{nameOf(nodes(holder.traits))}</b>
          <ProfileId id={holder.segmentId} />
        </div>
        <div className="row wrap g4 ids">
          {nodes(holder.externalIds)
            .filter(({ type, id }) => type !== of.type || id !== of.id)
            .map((each, i) => (
              <Identifier key={`${i} ${each.type}:${each.id}`} of={{ ...each, collection: holder.collection }} />
            ))}
        </div>
      </>
    )}
  </div>
)

export const Verdict = ({ a, b }: { readonly a: Named; readonly b: Named }) => {
  const { id: space, slug } = useSpace()
  const may = [useMay("admin"), !useMasked()].every(Boolean)
  const query = useData(whyNotMerged, { space, a, b })
  return (
    <section className="card grow" aria-label="Answer">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ whyNotMerged: { reason, text, records }, first, second }) => {
            const [newest] = records
            return (
              <>
                <div className="sec2" role="status">
                  <h2 className="row finding">
                    {titles[reason] ?? "They did not come together"}
                    <span className="m s q">{reason}</span>
                  </h2>
                  <p>
                    <Sentence text={text} />
                  </p>
                  {newest?.nextStep == null ? undefined : (
                    <p>
                      <b className="b">What to do: </b>
                      {newest.nextStep}
                    </p>
                  )}
                  <div className="row wrap acts">
                    {newest?.messageId == null ? undefined : (
                      <ExplainLink className="btn p" messageId={newest.messageId}>
                        Explain the event
                      </ExplainLink>
                    )}
                    {may && newest?.breachedType != null && newest.limit !== null ? (
                      <TryLimit type={newest.breachedType} limit={newest.limit} people={[a, b]} />
                    ) : undefined}
                    {newest?.breachedType == null && reason !== "NOT_PROMOTED" ? undefined : (
                      <Link className="btn g" to="/s/$space/rules" params={{ space: slug }}>
                        Identity rules
                      </Link>
                    )}
                  </div>
                </div>
                <div className="sec2 sides">
                  <Side of={a} holder={first} />
                  <Side of={b} holder={second} />
                </div>
                {records.length === 0 ? undefined : (
                  <>
                    <h3 className="lbl pad">
                      {plural(records.length, "event")} that could have joined them, the newest first
                    </h3>
                    <InsightTable records={records} />
                  </>
                )}
              </>
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}
