/** The titles of stories, and where the values of their threads stand in the message. Pure; see test/console/console.test.ts. */
import type { Story } from "./story.ts"

/** The page's title: what was decided. */
export const finding = (
  action: string,
  story: Pick<Story, "candidates" | "demoted" | "items">,
  profileName: string | undefined,
  candidateName: string | undefined,
  dryRun: boolean
): string => {
  const into = profileName ?? "a profile"
  const without =
    story.demoted.length > 0 ? `, without its ${[...new Set(story.demoted.map(({ type }) => type))].join(" and ")}` : ""
  switch (action) {
    case "CREATE": {
      const verb = dryRun ? "Would create" : "Created"
      return story.demoted.length > 0 && story.candidates.length > 0
        ? `${verb} a new profile instead of joining ${candidateName === undefined ? "another" : `${candidateName}'s`}`
        : `${verb} a new profile`
    }
    case "ADD":
      return `${dryRun ? "Would add" : "Added"} identifiers to ${into}${without}`
    case "NONE":
      return `${dryRun ? "Would belong" : "Belongs"} to ${into}${without === "" ? ", nothing changed" : without}`
    case "MERGE":
      return `${dryRun ? "Would merge" : "Merged"} profiles into ${into}${without}`
    case "DROPPED":
      return dryRun ? "Would be dropped" : "Dropped before resolution"
    case "ERASED":
      return "Erased with its person"
    default:
      return dryRun ? "Would be stored without a profile" : "Stored without a profile"
  }
}

/** Where values were read, for marks in the message: entries of `externalIds` have theirs in `id`. */
export const valuePath = (from: string): string => (from.endsWith("]") ? `${from}.id` : from)
