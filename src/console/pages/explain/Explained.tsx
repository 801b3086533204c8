/** An explanation as a page: the event, its story or all steps of it, the result, and what another limit would have done. */
import type { ReactNode } from "react"
import type { Story as Explanation, StoryProfile } from "./explain.gql.ts"
import { OtherLimit } from "./OtherLimit.tsx"
import { Result } from "./Result.tsx"
import { StoryView } from "./StoryView.tsx"
import type { Story } from "./story.ts"

const AllSteps = ({ explanation }: { readonly explanation: Explanation }) => (
  <ol className="steps-all">
    {explanation.steps.map(({ n, kind, text }) => (
      <li key={n}>
        <span className="lbl num">{n}</span>
        <span className="m s q">{kind}</span>
        <span>{text}</span>
      </li>
    ))}
  </ol>
)

interface ExplainedProps {
  readonly explanation: Explanation
  readonly story: Story
  readonly profiles: ReadonlyArray<StoryProfile>
  readonly all: boolean
  readonly onAll: (all: boolean) => void
  readonly left: ReactNode
  /** The event, to try other limits on. */
  readonly event: unknown
}

export const Explained = ({ explanation, story, profiles, all, onAll, left, event }: ExplainedProps) => (
  <div className="ex">
    {left}
    <section className="card" aria-label="Steps">
      <div className="scroll" tabIndex={0}>
        {all ? <AllSteps explanation={explanation} /> : <StoryView story={story} />}
        {explanation.assumptions.map((text) => (
          <p className="lbl assumed" key={text}>
            Assumed: {text}
          </p>
        ))}
      </div>
      <div className="f">
        <button className="btn g" type="button" onClick={() => onAll(!all)}>
          {all ? "The story" : `All ${explanation.steps.length} steps`}
        </button>
        <span className="lbl ml">rules v{explanation.rulesVersion}</span>
      </div>
    </section>
    <div className="col g12">
      <Result explanation={explanation} profiles={profiles} />
      {story.breach === undefined || event === undefined || event === null ? undefined : (
        <OtherLimit breach={story.breach} event={event} />
      )}
    </div>
  </div>
)
