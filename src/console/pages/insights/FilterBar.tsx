/** Filters over errors, violations and successes: time, kind, identifier, call, source, profile. */
import { X } from "lucide-react"
import { useMasked } from "../../api/hooks.ts"
import { Choice, Segments } from "../../parts/Choice.tsx"
import { fieldText, ranges } from "../../url-state.ts"
import { shortId } from "../../words.ts"
import { CallChoice, SourceChoice } from "../filter-choices.tsx"
import type { FilterProps } from "./filters.ts"
import { errorTitles, successTitles, violationTitles } from "./insight-words.ts"

export interface RecordProps extends FilterProps {
  /** What went well, instead of errors and violations. */
  readonly success: boolean
}

export const FilterBar = ({ filters, set, success }: RecordProps) => {
  const masked = useMasked()
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
        className="input mid"
        data-filter
        aria-label="Identifier type"
        placeholder="type"
        value={filters.type ?? ""}
        onChange={(event) => set({ type: fieldText(event.target.value) })}
      />
      {masked ? undefined : (
        <input
          className="input mid"
          aria-label="Identifier value"
          placeholder="value"
          disabled={filters.type === undefined}
          value={filters.id ?? ""}
          onChange={(event) => set({ id: fieldText(event.target.value) })}
        />
      )}
      <CallChoice value={filters.event} onChange={(event) => set({ event })} />
      <SourceChoice value={filters.source} onChange={(source) => set({ source })} />
      {filters.segment === undefined ? undefined : (
        <button className="tok" type="button" aria-pressed="true" onClick={() => set({ segment: undefined })}>
          profile {shortId(filters.segment)} <X size={12} aria-label="any" />
        </button>
      )}
    </div>
  )
}
