/** Why two identifiers did not come together (PRO-85). */
import { nodes, useData, useSpace } from "../../api/hooks.ts"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { fieldText, identifierIn } from "../../url-state.ts"
import { nameOf, plural } from "../../words.ts"
import type { Change, Filters } from "./Insights.tsx"
import { whyNotMerged } from "./insights.gql.ts"
import { InsightTable } from "./InsightTable.tsx"

const Answer = ({
  a,
  b
}: {
  readonly a: { readonly type: string; readonly id: string }
  readonly b: { readonly type: string; readonly id: string }
}) => {
  const { id: space } = useSpace()
  const query = useData(whyNotMerged, { space, a, b })
  return (
    <section className="card grow" aria-label="Answer">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={4}>
          {({ whyNotMerged: verdict, first, second }) => (
            <>
              <div className="sec2" role="status">
                <p className="finding">{verdict.text}</p>
                <p className="m s q">{verdict.reason}</p>
                <div className="row wrap" style={{ marginTop: 8 }}>
                  {[first, second].map((profile, i) =>
                    profile === null ? undefined : (
                      <span className="row" key={`${i}${profile.segmentId}`}>
                        <Identifier of={i === 0 ? a : b} />
                        <span className="q2">is on {nameOf(nodes(profile.traits))}</span>
                        <ProfileId id={profile.segmentId} />
                      </span>
                    )
                  )}
                </div>
              </div>
              {verdict.records.length === 0 ? undefined : (
                <>
                  <div className="lbl pad">{plural(verdict.records.length, "event")} that carried both</div>
                  <InsightTable records={verdict.records} />
                </>
              )}
            </>
          )}
        </QueryView>
      </div>
    </section>
  )
}

export const NotMerged = ({ filters, set }: { readonly filters: Filters; readonly set: Change }) => {
  const a = identifierIn(filters.a ?? "")
  const b = identifierIn(filters.b ?? "")
  return (
    <>
      <section className="card bar">
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            set({ a: fieldText(String(data.get("a"))), b: fieldText(String(data.get("b"))) })
          }}
        >
          <input
            className="input grow"
            name="a"
            data-filter
            key={`a${filters.a}`}
            defaultValue={filters.a ?? ""}
            aria-label="First identifier"
            placeholder="type:value, or an e-mail address"
          />
          <span className="q2">and</span>
          <input
            className="input grow"
            name="b"
            key={`b${filters.b}`}
            defaultValue={filters.b ?? ""}
            aria-label="Second identifier"
            placeholder="type:value, or an e-mail address"
          />
          <button className="btn p" type="submit">
            Why?
          </button>
        </form>
      </section>
      {a === undefined || b === undefined ? (
        <section className="card grow">
          <Empty title="Name two identifiers">
            You see the event on which they would have met and the limit in the way, that a person keeps them apart, or
            that no event ever carried both.
          </Empty>
        </section>
      ) : (
        <Answer a={a} b={b} />
      )}
    </>
  )
}
