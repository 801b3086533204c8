/** Every trait with its class, where it came from and the event that set it. */
import { nodes, useData } from "../../api/hooks.ts"
import { ExplainLink } from "../../parts/Identity.tsx"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { exact, moment, valueText } from "../../words.ts"
import { profileTraits } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"

const classNames: Readonly<Record<string, string>> = {
  CUSTOM: "custom",
  COMPUTED_TRAIT: "computed",
  SQL_TRAIT: "SQL",
  AUDIENCE: "audience"
}

export const NoTraits = () => <Empty title="No traits yet">They come with identify and group calls.</Empty>

export const TraitsTab = ({ of }: { readonly of: ProfileRef }) => (
  <QueryPanel label="Traits" query={useData(profileTraits, of)}>
    {({ profile }) => {
      const traits = profile === null ? [] : nodes(profile.traits)
      if (traits.length === 0) return <NoTraits />
      return (
        <Table
          columns={[["Trait", "20%"], ["Value"], ["Class", 110], ["Source", 150], ["Updated", 130], ["Set by", 90]]}
        >
          {traits.map((trait) => (
            <tr key={trait.key}>
              <td className="b">{trait.key}</td>
              <td className={`m ${typeof trait.value === "string" ? "" : "number"}`} title={valueText(trait.value)}>
                {valueText(trait.value)}
              </td>
              <td className="q2">{classNames[trait.class]}</td>
              <td className="q2">{trait.sourceName ?? ""}</td>
              <td className="q" title={exact(trait.updatedAt)}>
                {moment(trait.updatedAt)}
              </td>
              <td>{trait.messageId === null ? "" : <ExplainLink messageId={trait.messageId} />}</td>
            </tr>
          ))}
        </Table>
      )
    }}
  </QueryPanel>
)
