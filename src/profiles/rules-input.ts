/** `RulesInput` as a rules document: enums in lower case, members that were left out left out. The document itself is checked once. */
import { decodeRules } from "../workspace/rules-document.ts"
import type { RulesDocument } from "../workspace/rules.ts"
import { problemsError } from "./graphql-errors.ts"

export type RulesInput = Readonly<Record<string, unknown>> & {
  readonly identifiers: ReadonlyArray<Readonly<Record<string, unknown>>>
}

const given = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))

const rowOf = (row: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const members = given(row)
  const { window, blocked } = members
  // `group_id` is of accounts whatever the default of the argument says.
  if (row["type"] === "group_id") delete members["collection"]
  return {
    ...members,
    ...(typeof window === "string" ? { window: window.toLowerCase() } : undefined),
    ...(Array.isArray(blocked) ? { blocked: blocked.map((value: object) => ({ ...value })) } : undefined)
  }
}

/** Refuses what IDR-158 does not allow, naming every member that is wrong. */
export const rulesDocumentOf = (input: RulesInput): RulesDocument => {
  const { spaceBlocked, ...rest } = given(input)
  const { document, problems } = decodeRules({
    ...rest,
    ...(Array.isArray(spaceBlocked)
      ? { spaceBlocked: spaceBlocked.map((value: object) => ({ ...value })) }
      : undefined),
    identifiers: input.identifiers.map(rowOf)
  })
  if (document !== undefined) return document
  const all = problems.map(({ path, expected }) => (path === "" ? expected : `${path}: ${expected}`)).join("; ")
  throw problemsError(`The rules were refused: ${all}`, problems)
}
