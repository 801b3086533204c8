/** Rules documents for tests: R0 of the worked cases, with changes. */
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { decodeRules } from "../../../src/workspace/rules-document.ts"
import type { IdentifierRule, RulesDocument } from "../../../src/workspace/rules.ts"

export interface Changes {
  readonly types?: Readonly<Record<string, Partial<IdentifierRule>>>
  readonly only?: ReadonlyArray<string>
  readonly readmitDemoted?: boolean
}

/** R0 = the defaults. `types` changes or adds rows, `only` leaves other rows out. */
export const rulesWith = ({ types = {}, only, readmitDemoted = false }: Changes): RulesDocument => {
  const rows = defaultRules.identifiers
    .filter(({ type }) => only?.includes(type) ?? true)
    .map((row) => ({ ...row, ...types[row.type] }))
  const added = Object.entries(types)
    .filter(([type]) => !rows.some((row) => row.type === type))
    .map(([type, row]) => ({ type, ...row }))
  const decoded = decodeRules({ readmitDemoted, identifiers: [...rows, ...added] })
  if (decoded.document === undefined) throw new Error(JSON.stringify(decoded.problems))
  return decoded.document
}
