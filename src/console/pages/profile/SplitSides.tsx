/** What taking a profile apart would leave behind, on both sides; made by the service, nothing is written. */
import { Identifier } from "../../parts/Identity.tsx"
import { plural, shortId } from "../../words.ts"

interface Picture {
  readonly segmentId: string
  readonly identifiers: ReadonlyArray<{ readonly type: string; readonly id: string; readonly collection: string }>
  readonly traits: Readonly<Record<string, unknown>>
}

const shown = 8

const Side = ({
  title,
  picture: { segmentId, identifiers, traits }
}: {
  readonly title: string
  readonly picture: Picture
}) => (
  <div>
    <span className="lbl">{title}</span>
    <span className="pid" title={segmentId}>
      {shortId(segmentId)}
    </span>
    {identifiers.slice(0, shown).map((each, i) => (
      <Identifier key={`${i} ${each.type}:${each.id}`} of={each} />
    ))}
    {identifiers.length > shown ? <span className="lbl">and {identifiers.length - shown} more</span> : undefined}
    <span className="lbl">
      {plural(identifiers.length, "identifier")}, {plural(Object.keys(traits).length, "trait")}
    </span>
  </div>
)

interface SplitPreviewProps {
  readonly remaining: unknown
  readonly separated: unknown
  readonly movedEvents: number
}

export const SplitSides = ({ remaining, separated, movedEvents }: SplitPreviewProps) => (
  <>
    <div className="preview">
      <Side title="Stays" picture={remaining as Picture} />
      <Side title="Its own profile" picture={separated as Picture} />
    </div>
    <p className="q2" style={{ marginTop: 8 }}>
      {plural(movedEvents, "event")} {movedEvents === 1 ? "moves" : "move"} along. Stored events keep what they say.
    </p>
  </>
)
