/** Identifiers that several profiles claim, and profiles that are nearly full (IDR-211). */
import type { ReactNode } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { Table, type TableColumn } from "../../parts/Table.tsx"
import { ago, count, exact, windowText } from "../../words.ts"
import { contended } from "./insights.gql.ts"

interface HalfProps {
  readonly title: string
  readonly note: string
  readonly columns: ReadonlyArray<TableColumn>
  readonly rows: ReadonlyArray<ReactNode>
  readonly empty: ReactNode
}

const Half = ({ title, note, columns, rows, empty }: HalfProps) => (
  <section className="card" aria-label={title}>
    <h2 className="h">
      {title}
      <span className="r">{note}</span>
    </h2>
    <div className="scroll" tabIndex={0}>
      {rows.length === 0 ? empty : <Table columns={columns}>{rows}</Table>}
    </div>
  </section>
)

export const Contended = () => {
  const { id: space } = useSpace()
  const query = useData(contended, { space })
  return (
    <QueryView query={query} rows={8}>
      {({ space: found }) => (
        <div className="halves">
          <Half
            title="Contended identifiers"
            note="carried by events of several profiles"
            columns={[["Identifier"], ["Demotions", 90, "num"], ["Profiles", 80, "num"], ["Last", 100, "num"]]}
            rows={(found?.contendedIdentifiers ?? []).map((each, i) => (
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
            empty={<Empty title="No identifier is contended">None was demoted again and again.</Empty>}
          />
          <Half
            title="Near their limits"
            note="perhaps several people"
            columns={[["Profile"], ["Type"], ["Values", 140, "num"]]}
            rows={(found?.profilesNearLimits ?? []).map((each) => (
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
            empty={<Empty title="No profile is near a limit">All have room for more identifiers.</Empty>}
          />
        </div>
      )}
    </QueryView>
  )
}
