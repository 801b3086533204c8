/** Two people who should be one: name an identifier of each, in whatever form it came, and see why they are not. */
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { fieldText } from "../../url-state.ts"
import type { FilterProps } from "./filters.ts"
import { type Asked, type Candidate, useIdentifier } from "./use-identifier.ts"
import { Verdict } from "./Verdict.tsx"

const placeholder = "an e-mail, an id, a phone, a name, or type:value"

interface UnclearProps {
  readonly asked: Asked
  readonly onPick: (text: string) => void
}

/** What a text may mean, when that is not clear. */
const Unclear = ({ asked, onPick }: UnclearProps) => {
  if (asked.identifier !== undefined || asked.text === "") return undefined
  if (asked.error !== null) return <Failed error={asked.error} />
  if (asked.looking) return <Loading rows={2} />
  if (asked.candidates.length === 0)
    return (
      <Empty title={`Nobody has "${asked.text}"`}>
        No profile of this space has it as an identifier or a name. With its type before it, as in{" "}
        <span className="m">user_id:{asked.text}</span>, you can ask all the same.
      </Empty>
    )
  return (
    <div className="sec2">
      <p className="b">Who is meant by "{asked.text}"?</p>
      <ul className="col g4">
        {asked.candidates.map((each: Candidate) => (
          <li className="row" key={each.segmentId}>
            <button className="btn s" type="button" onClick={() => onPick(`${each.type}:${each.id}`)}>
              {each.name}
            </button>
            <Identifier of={each} />
            <ProfileId id={each.segmentId} />
          </li>
        ))}
      </ul>
    </div>
  )
}

export const NotMerged = ({ filters, set }: FilterProps) => {
  const a = useIdentifier(filters.a)
  const b = useIdentifier(filters.b)
  const field = (name: "a" | "b", label: string, focus: boolean) => (
    <input
      className="input grow"
      name={name}
      key={`${name}${filters[name]}`}
      defaultValue={filters[name] ?? ""}
      aria-label={label}
      placeholder={placeholder}
      autoFocus={focus}
      {...(name === "a" ? { "data-filter": true } : {})}
    />
  )
  return (
    <>
      <section className="card bar">
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            const text = (name: string) => fieldText(String(data.get(name)).trim())
            set({ a: text("a"), b: text("b") })
          }}
        >
          {field("a", "First person", filters.a === undefined)}
          <span className="q2">and</span>
          {field("b", "Second person", filters.a !== undefined && filters.b === undefined)}
          <button className="btn p" type="submit">
            Why?
          </button>
        </form>
      </section>
      {a.identifier !== undefined && b.identifier !== undefined ? (
        <Verdict a={a.identifier} b={b.identifier} />
      ) : (
        <section className="card grow" aria-label="Who is meant">
          {filters.a === undefined || filters.b === undefined ? (
            <Empty title="Name one identifier of each of the two">
              You see the event on which they would have met and the limit in the way, that a person keeps them apart,
              or that no event ever carried both.
            </Empty>
          ) : (
            <>
              <Unclear asked={a} onPick={(text) => set({ a: text })} />
              <Unclear asked={b} onPick={(text) => set({ b: text })} />
            </>
          )}
        </section>
      )}
    </>
  )
}
