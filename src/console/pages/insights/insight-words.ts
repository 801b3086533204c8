/** Kinds of Insights in the words of people; the official names stay visible beside them. Pure. */
export const violationTitles: Readonly<Record<string, string>> = {
  IDENTIFIER_LIMIT: "Limit exceeded",
  IDENTIFIER_TIME_LIMIT: "Limit of a time window exceeded",
  ID_VALUE_BLOCKED: "Value blocked",
  PROFILE_MERGE_LIMIT: "Too many merges",
  IDENTIFIER_MAPPING_LIMIT: "Too many identifiers",
  PROFILES_KEPT_APART: "Kept apart by a person",
  LEGACY_UNIQUE: "Unique value exceeded",
  LEGACY_LIMIT: "Limit exceeded (legacy)"
}

export const errorTitles: Readonly<Record<string, string>> = {
  NO_MATCHING_IDENTIFIERS: "Nothing to resolve by",
  INTERNAL_RESOLUTION_FAILURE: "Braid failed on it"
}

export const successTitles: Readonly<Record<string, string>> = {
  PROFILE_CREATED: "Profile created",
  IDENTIFIER_MAPPED: "Identifier mapped",
  PROFILES_MERGED: "Profiles merged",
  PROFILE_SPLIT: "Profile split",
  IDENTIFIER_REMOVED: "Identifier removed",
  LINK_CREATED: "Linked to an account"
}

interface Kinds {
  readonly error: string | null
  readonly violation: string | null
  readonly success: string | null
}

export const kindOf = ({ error, violation, success }: Kinds): { readonly title: string; readonly name: string } => {
  if (violation !== null) return { title: violationTitles[violation] ?? violation, name: violation }
  if (error !== null) return { title: errorTitles[error] ?? error, name: error }
  return { title: successTitles[success ?? ""] ?? success ?? "", name: success ?? "" }
}
