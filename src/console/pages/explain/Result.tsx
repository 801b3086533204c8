/** Where the event went, or would go: the profiles it is about, and what to do about violations. */
import { nodes } from "../../api/hooks.ts"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Sentence } from "../../parts/Sentence.tsx"
import { nameOf } from "../../words.ts"
import type { Story as Explanation, StoryProfile } from "./explain.gql.ts"

const ResultProfile = ({ profile, what }: { readonly profile: StoryProfile; readonly what: string }) => {
  const ids = nodes(profile.externalIds)
  return (
    <div className={`out ${what === "" ? "" : "is"}`}>
      <div className="row">
        <ProfileId id={profile.segmentId} />
        <span className="lbl ml">{what}</span>
      </div>
      <div className="b el">{nameOf(nodes(profile.traits))}</div>
      <div className="col g4 ids">
        {ids.map((each, i) => (
          <Identifier key={`${i} ${each.type}:${each.id}`} of={{ ...each, collection: profile.collection }} />
        ))}
        {profile.externalIds.totalCount > ids.length ? (
          <span className="lbl">and {profile.externalIds.totalCount - ids.length} more</span>
        ) : undefined}
      </div>
    </div>
  )
}

export const Result = ({
  explanation,
  profiles
}: {
  readonly explanation: Explanation
  readonly profiles: ReadonlyArray<StoryProfile>
}) => {
  const own = new Set([explanation.profile?.segmentId, explanation.account?.segmentId])
  return (
    <section className="card" aria-label="Result">
      <h2 className="h">
        {explanation.dryRun ? "Profiles it is about" : "Result"}
        <span className="r">as they are now</span>
      </h2>
      <div className="col g8 pad scroll" tabIndex={0}>
        <p className="q2">
          <Sentence text={explanation.summary} />
        </p>
        {profiles.map((profile) => (
          <ResultProfile
            key={profile.segmentId}
            profile={profile}
            what={own.has(profile.segmentId) ? "of this event" : "not joined"}
          />
        ))}
        {explanation.violations.flatMap(({ id, nextStep }) =>
          nextStep === null
            ? []
            : [
                <p key={id}>
                  <b className="b">What to do: </b>
                  {nextStep}
                </p>
              ]
        )}
      </div>
    </section>
  )
}
