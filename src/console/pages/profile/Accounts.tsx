/** The accounts of a user, or the users of an account. */
import { nodes, useData } from "../../api/hooks.ts"
import { Avatar, Identifier, ProfileId, ProfileLink } from "../../parts/Identity.tsx"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { ago, exact, nameOf } from "../../words.ts"
import { profileIdentities } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"

export const AccountsTab = ({ of }: { readonly of: ProfileRef }) => {
  const users = of.collection === "ACCOUNTS"
  return (
    <QueryPanel label={users ? "Users" : "Accounts"} query={useData(profileIdentities, of)} rows={6}>
      {({ profile }) => {
        const links = profile === null ? [] : nodes(profile.links)
        if (links.length === 0)
          return (
            <Empty title={users ? "No user belongs to it" : "Belongs to no account"}>
              Group calls link people and accounts.
            </Empty>
          )
        return (
          <Table columns={[[users ? "User" : "Account"], ["Profile"], ["Identifier"], ["Linked", 150]]}>
            {links.map(({ to, createdAt }) => {
              const [id] = nodes(to.externalIds)
              const name = nameOf(nodes(to.traits))
              return (
                <tr key={to.segmentId}>
                  <td>
                    <ProfileLink className="row who" id={to.segmentId}>
                      <Avatar name={name} small />
                      <span className="b el">{name}</span>
                    </ProfileLink>
                  </td>
                  <td>
                    <ProfileId id={to.segmentId} />
                  </td>
                  <td>{id === undefined ? "" : <Identifier of={{ ...id, collection: to.collection }} />}</td>
                  <td className="q" title={exact(createdAt)}>
                    {ago(createdAt)}
                  </td>
                </tr>
              )
            })}
          </Table>
        )
      }}
    </QueryPanel>
  )
}
