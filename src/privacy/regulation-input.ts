/** What a request for a regulation says (PRV-2): checked member by member, every problem told with its place (ADM-15). */
import { identifierValue } from "../event/identifier-value.ts"
import { isRegulationType, maxSubjects, regulationKinds, type RegulationType } from "../workspace/regulation.ts"

export interface FieldProblem {
  readonly field: string
  readonly message: string
}

export interface RegulationInput {
  readonly type: RegulationType
  /** Normalised and distinct. */
  readonly userIds: ReadonlyArray<string>
}

/** The user id as it is compared everywhere, or what is wrong with it. */
export const checkUserId = (value: unknown): { readonly userId: string } | { readonly wrong: string } => {
  if (typeof value !== "string") return { wrong: "must be a string" }
  const userId = identifierValue(value)
  if (typeof userId !== "string")
    return { wrong: userId.reason === "too_long" ? "has more than 500 characters" : "is not valid Unicode" }
  return userId === "" ? { wrong: "must not be empty" } : { userId }
}

const mostProblems = 20

/** `onSource`: what makes sense for a profile, which joins all sources, does not for one of them. */
export const readRegulationInput = (
  body: unknown,
  onSource: boolean
): { readonly input: RegulationInput } | { readonly problems: ReadonlyArray<FieldProblem> } => {
  const problems: Array<FieldProblem> = []
  const refuse = (field: string, message: string) => void problems.push({ field, message: `"${field}" ${message}` })
  const members = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {}
  const { regulationType, subjectType, subjectIds } = members as Readonly<Record<string, unknown>>
  if (regulationType === undefined) refuse("regulationType", "is required")
  else if (!isRegulationType(regulationType))
    refuse("regulationType", `must be one of ${Object.keys(regulationKinds).join(", ")}`)
  else if (onSource && regulationKinds[regulationType].erasesProfiles)
    refuse(
      "regulationType",
      "cannot be limited to a source, because a profile joins the data of all sources: ask for it in the workspace"
    )
  if (subjectType === undefined) refuse("subjectType", "is required")
  else if (subjectType === "OBJECT_ID")
    refuse("subjectType", "OBJECT_ID is for objects of cloud sources, of which nothing is stored here")
  else if (subjectType !== "USER_ID") refuse("subjectType", "must be USER_ID")
  const userIds = new Set<string>()
  if (subjectIds === undefined) refuse("subjectIds", "is required")
  else if (!Array.isArray(subjectIds) || subjectIds.length === 0) refuse("subjectIds", "must be a list of user ids")
  else if (subjectIds.length > maxSubjects) refuse("subjectIds", `has more than ${maxSubjects} entries`)
  else
    for (const [at, value] of subjectIds.entries()) {
      const checked = checkUserId(value)
      if ("userId" in checked) userIds.add(checked.userId)
      else refuse(`subjectIds[${at}]`, checked.wrong)
      if (problems.length >= mostProblems) break
    }
  return problems.length > 0
    ? { problems }
    : { input: { type: regulationType as RegulationType, userIds: [...userIds] } }
}
