/** Beside the weeks of a large profile: how near the limits it is, which identifier joined most of it, and what can be done. */
import { Link } from "@tanstack/react-router"
import { FlaskConical, TriangleAlert } from "lucide-react"
import { useMay, useSpace } from "../../api/hooks.ts"
import { familyClass, Identifier } from "../../parts/Identity.tsx"
import type { Threads } from "../../threads/ThreadsPicture.tsx"
import { culprit, type WeekBands } from "../../threads/weeks.ts"
import { count, plural } from "../../words.ts"
import type { ProfileRef } from "../profile/ref.ts"

/** IDR-87: what a profile can hold, whatever its rules. */
const mostIdentifiers = 1000
const mostMerges = 100

interface StandsOutProps {
  readonly of: ProfileRef
  readonly threads: Threads
  readonly bands: WeekBands
  readonly onPart: (part: string) => void
}

const Figure = ({ value, of, what }: { readonly value: number; readonly of: number; readonly what: string }) => (
  <div>
    <div className="figure">{count(value)}</div>
    <div className="lbl">
      of {count(of)} {what}
    </div>
  </div>
)

export const StandsOut = ({ of, threads, bands, onPart }: StandsOutProps) => {
  const { slug } = useSpace()
  const may = useMay("admin")
  const { identifierCount, mergeCount } = threads
  const full = identifierCount >= mostIdentifiers || mergeCount >= mostMerges
  const one = culprit(bands, mergeCount)
  const most = bands.types.at(-1)
  return (
    <aside className="card" aria-label="What stands out">
      <h2 className="h">What stands out</h2>
      <div className="scroll" tabIndex={0}>
        <div className="sec2">
          {full ? (
            <span className="tag warn">
              <TriangleAlert size={14} aria-hidden="true" />
              {mergeCount >= mostMerges ? "At the merge limit" : "At the identifier limit"}
            </span>
          ) : undefined}
          <div className="row g16">
            <Figure value={identifierCount} of={mostIdentifiers} what="identifiers" />
            <Figure value={mergeCount} of={mostMerges} what="merges" />
          </div>
          {full ? (
            <p className="q2">What would exceed it is no longer mapped. Events still arrive on this profile.</p>
          ) : undefined}
        </div>
        {bands.carriers.length === 0 ? undefined : (
          <div className="sec2">
            <div className="lbl">Identifiers that carried merges</div>
            {bands.carriers.map(({ row, type, id, merges }) => (
              <div className="cv" key={row}>
                <Identifier of={{ type, id, collection: of.collection }} />
                <span className="num">{plural(merges, "merge")}</span>
              </div>
            ))}
          </div>
        )}
        {one === undefined ? undefined : (
          <div className="sec2">
            <div className="b">
              One {one.type} carried {count(one.merges)} of {plural(mergeCount, "merge")}
            </div>
            <p className="q2 text">
              It was on the event each time that another profile was merged into this one, as a device that many people
              use would be. If it is no single person&apos;s, block the value, or lower the limit of{" "}
              <span className="m">{most?.type ?? one.type}</span>: a profile that is full takes no more in.
            </p>
          </div>
        )}
        <div className="sec2">
          <div className="lbl">Show the rows of</div>
          <div className="row wrap g4 parts">
            {bands.types.toReversed().map(({ type, count: values }) => (
              <button
                className={`tok ${familyClass({ type, collection: of.collection })}`}
                type="button"
                key={type}
                onClick={() => onPart(`type:${type}`)}
              >
                {type} {count(values)}
              </button>
            ))}
          </div>
        </div>
      </div>
      {may && one !== undefined ? (
        <div className="f">
          <Link className="btn p" to="/s/$space/what-if" params={{ space: slug }}>
            <FlaskConical size={14} aria-hidden="true" />
            What-if
          </Link>
          <Link className="btn" to="/s/$space/rules" params={{ space: slug }} search={{ edit: one.type }}>
            Block value…
          </Link>
        </div>
      ) : undefined}
    </aside>
  )
}
