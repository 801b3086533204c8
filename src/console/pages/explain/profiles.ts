/** The profiles that a story is about, as they are now, and its title with their names. */
import { nodes, useData, useSpace } from "../../api/hooks.ts"
import { nameOf } from "../../words.ts"
import { type Story as Explanation, type StoryProfile, storyProfiles } from "./explain.gql.ts"
import { finding } from "./finding.ts"
import type { Story } from "./story.ts"

export const useProfiles = (explanation: Explanation | undefined, story: Story | undefined) => {
  const { id: space } = useSpace()
  const ids = new Set(story?.candidates ?? [])
  for (const outcome of [explanation?.profile, explanation?.account]) if (outcome != null) ids.add(outcome.segmentId)
  const refs = [...ids].slice(0, 20).map((segmentId) => ({ segmentId }))
  const { data } = useData(
    storyProfiles,
    {
      space,
      users: refs.filter(({ segmentId }) => segmentId.startsWith("use_")),
      accounts: refs.filter(({ segmentId }) => segmentId.startsWith("grp_"))
    },
    { enabled: refs.length > 0 }
  )
  return [...(data?.users ?? []), ...(data?.accounts ?? [])].filter((profile) => profile !== null)
}

const nameIn = (profiles: ReadonlyArray<StoryProfile>, id: string | undefined): string | undefined => {
  const profile = profiles.find(({ segmentId }) => segmentId === id)
  return profile === undefined ? undefined : nameOf(nodes(profile.traits))
}

export const titleOf = (explanation: Explanation, story: Story, profiles: ReadonlyArray<StoryProfile>): string => {
  const own = (explanation.profile ?? explanation.account)?.segmentId
  const other = story.candidates.find((id) => id !== own)
  return finding(explanation.action, story, nameIn(profiles, own), nameIn(profiles, other), explanation.dryRun)
}
