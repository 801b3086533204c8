/** Every identifier: the profile that it first belonged to, since when, and the event that brought it. */
import { nodes, useData } from "../../api/hooks.ts"
import { CopyValue } from "../../parts/Copy.tsx"
import { ExplainLink, familyClass, ProfileId } from "../../parts/Identity.tsx"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table, type TableColumn } from "../../parts/Table.tsx"
import { exact, moment } from "../../words.ts"
import { profileIdentities } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"

const columns: ReadonlyArray<TableColumn> = [
  ["Type", "17%"],
  ["Value"],
  ["First profile", 130],
  ["Source", 150],
  ["Added", 130],
  ["Brought by", 80],
  ["Copy", 48, "hidden"]
]

export const NoIdentifier = () => <Empty title="No identifier left">They were removed; traits and events stay.</Empty>

export const IdentitiesTab = ({ of }: { readonly of: ProfileRef }) => (
  <QueryPanel label="Identities" query={useData(profileIdentities, of)}>
    {({ profile }) => {
      const ids = profile === null ? [] : nodes(profile.externalIds)
      if (ids.length === 0) return <NoIdentifier />
      return (
        <>
          <Table columns={columns}>
            {ids.map((each) => (
              <tr key={each.mappingId} className={familyClass({ type: each.type, collection: of.collection })}>
                <td>
                  <span className="knot fam">{each.type}</span>
                </td>
                <td className="m" title={each.id}>
                  {each.id}
                </td>
                <td>
                  <ProfileId id={each.originSegmentId} other={each.originSegmentId !== of.id} />
                </td>
                <td className="q2">{each.sourceName ?? ""}</td>
                <td className="q" title={exact(each.addedAt)}>
                  {moment(each.addedAt)}
                </td>
                <td>{each.firstMessageId === null ? "" : <ExplainLink messageId={each.firstMessageId} />}</td>
                <td>
                  <CopyValue text={`${each.type}:${each.id}`} what={`${each.type}:${each.id}`} />
                </td>
              </tr>
            ))}
          </Table>
          {profile?.externalIds.pageInfo.hasNextPage === true ? (
            <p className="pad q2">The first 100 of {profile.externalIds.totalCount}. The graph shows all of them.</p>
          ) : undefined}
        </>
      )
    }}
  </QueryPanel>
)
