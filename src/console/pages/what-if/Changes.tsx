/** What is different between two sets of rules, in words with the hue of each identifier type. */
import { Fragment } from "react"
import { familyClass } from "../../parts/Identity.tsx"
import type { RuleChange } from "../rules/rules-draft.ts"

interface ChangesProps {
  readonly changes: ReadonlyArray<RuleChange>
  readonly most?: number
}

export const Changes = ({ changes, most = 3 }: ChangesProps) => (
  <>
    {changes.slice(0, most).map(({ type, collection, text }, i) => (
      <Fragment key={`${type}${text}`}>
        {i === 0 ? "" : ", "}
        {type === "" ? undefined : <span className={`fam ${familyClass({ type, collection })}`}>{type}</span>} {text}
      </Fragment>
    ))}
    {changes.length > most ? ` and ${changes.length - most} more` : ""}
  </>
)
