/** Filters over errors, violations and successes: time, kind, identifier, call, source, profile. */
import { X } from "lucide-react"
import { Choice, Segments } from "../../parts/Choice.tsx"
import { eventTypes, fieldText, ranges } from "../../url-state.ts"
import { shortId } from "../../words.ts"
import { useSourceList } from "../sources.ts"
import type { Change, Filters } from "./filters.ts"
import { errorTitles, successTitles, violationTitles } from "./insight-words.ts"

export const FilterBar = ({
  filters,
  set,
  success
}: {
  readonly filters: Filters
  readonly set: Change
  readonly success: boolean
}) => {
  const sources = useSourceList()
  const kinds = success ? successTitles : { ...violationTitles, ...errorTitles }
  return (
    <div className="filters wrap">
      <Segments
        label="Time"
        value={filters.range ?? "24h"}
        options={ranges.map((range) => [range, range] as const)}
        onChange={(range) => set({ range: range === "24h" ? undefined : range })}
      />
      <Choice
        label="Kind"
        any="Every kind"
        value={filters.kind}
        options={Object.entries(kinds)}
        onChange={(chosen) => set({ kind: fieldText(chosen) })}
      />
      <input
        className="input"
        data-filter
        aria-label="Identifier type"
        placeholder="type"
        value={filters.type ?? ""}
        onChange={(event) => set({ type: fieldText(event.target.value) })}
      />
      <input
        className="input"
        aria-label="Identifier value"
        placeholder="value"
        disabled={filters.type === undefined}
        value={filters.id ?? ""}
        onChange={(event) => set({ id: fieldText(event.target.value) })}
      />
      <Choice
        label="Call"
        any="Every call"
        value={filters.event}
        options={eventTypes.map((each) => [each, each.toLowerCase()] as const)}
        onChange={(chosen) => set({ event: eventTypes.find((each) => each === chosen) })}
      />
      <Choice
        label="Source"
        any="Every source"
        value={filters.source}
        options={sources.map(({ id, name }) => [id, name] as const)}
        onChange={(chosen) => set({ source: fieldText(chosen) })}
      />
      {filters.segment === undefined ? undefined : (
        <button className="tok" type="button" aria-pressed="true" onClick={() => set({ segment: undefined })}>
          profile {shortId(filters.segment)} <X size={12} aria-label="any" />
        </button>
      )}
    </div>
  )
}
