/** Identifiers that several profiles claim (IDR-211). */
import { useData, useSpace } from "../../api/hooks.ts"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { ago, count, exact, windowText } from "../../words.ts"
import { contended } from "./insights.gql.ts"

export const Contended = () => {
  const { id: space } = useSpace()
  const query = useData(contended, { space })
  return (
    <QueryView query={query} rows={8}>
      {({ space: found }) => (
        <div className="halves">
          <section className="card" aria-label="Contended identifiers">
            <h2 className="h">
              Contended identifiers<span className="r">carried by events of several profiles</span>
            </h2>
            <div className="scroll" tabIndex={0}>
              {(found?.contendedIdentifiers ?? []).length === 0 ? (
                <Empty title="No identifier is contended">None was demoted again and again.</Empty>
              ) : (
                <table>
                  <thead>
                    <tr>
                      <th>Identifier</th>
                      <th className="num" style={{ width: 90 }}>
                        Demotions
                      </th>
                      <th className="num" style={{ width: 80 }}>
                        Profiles
                      </th>
                      <th className="num" style={{ width: 100 }}>
                        Last
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {found?.contendedIdentifiers.map((each, i) => (
                      <tr key={`${i} ${each.externalId.type}:${each.externalId.id}`}>
                        <td>
                          <Identifier of={each.externalId} />
                        </td>
                        <td className="num">{count(each.demotions)}</td>
                        <td className="num">{count(each.profiles.length)}</td>
                        <td className="num q" title={exact(each.lastAt)}>
                          {ago(each.lastAt)}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </div>
          </section>
          <section className="card" aria-label="Near their limits">
            <h2 className="h">
              Near their limits<span className="r">perhaps several people</span>
            </h2>
            <div className="scroll" tabIndex={0}>
              {(found?.profilesNearLimits ?? []).length === 0 ? (
                <Empty title="No profile is near a limit">All have room for more identifiers.</Empty>
              ) : (
                <table>
                  <thead>
                    <tr>
                      <th>Profile</th>
                      <th>Type</th>
                      <th className="num">Values</th>
                    </tr>
                  </thead>
                  <tbody>
                    {found?.profilesNearLimits.map((each) => (
                      <tr key={`${each.profile}${each.type}`}>
                        <td>
                          <ProfileId id={each.profile} />
                        </td>
                        <td>{each.type}</td>
                        <td className="num">
                          {each.count} of {each.limit} {windowText(each.window)}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </div>
          </section>
        </div>
      )}
    </QueryView>
  )
}
