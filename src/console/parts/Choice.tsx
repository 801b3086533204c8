/** Controls of filter bars: one of a few values, a switch between views, a search in what is shown. */
import { Search, X } from "lucide-react"
import type { ReactNode } from "react"

interface ChoiceProps {
  readonly label: string
  /** What stands there when nothing is chosen. */
  readonly any: string
  readonly value: string | undefined
  readonly options: ReadonlyArray<readonly [value: string, title: string]>
  readonly onChange: (value: string) => void
}

/** A filter that is one of a few values, or any. */
export const Choice = ({ label, any, value, options, onChange }: ChoiceProps) => (
  <select className="input" aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
    <option value="">{any}</option>
    {options.map(([each, title]) => (
      <option key={each} value={each}>
        {title}
      </option>
    ))}
  </select>
)

interface SegmentsProps<Value> {
  readonly label: string
  readonly value: Value
  readonly options: ReadonlyArray<readonly [value: Value, title: ReactNode]>
  readonly onChange: (value: Value) => void
}

/** One of a few, all of them in sight. */
export const Segments = <Value extends string | undefined>({
  label,
  value,
  options,
  onChange
}: SegmentsProps<Value>) => (
  <div className="seg" role="group" aria-label={label}>
    {options.map(([each, title]) => (
      <button key={String(each)} type="button" aria-pressed={each === value} onClick={() => onChange(each)}>
        {title}
      </button>
    ))}
  </div>
)

interface SearchInputProps {
  readonly label: string
  readonly placeholder: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** The search of a page: `/` goes here, Esc clears it and leaves it. */
export const SearchInput = ({ label, placeholder, value, onChange }: SearchInputProps) => (
  <label className="input grow">
    <Search size={14} aria-hidden="true" />
    <span className="sr">{label}</span>
    <input
      data-filter
      value={value}
      placeholder={placeholder}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return
        onChange("")
        event.currentTarget.blur()
      }}
    />
    {value === "" ? undefined : (
      <button className="btn g ic s" type="button" aria-label="Clear the search" onClick={() => onChange("")}>
        <X size={14} />
      </button>
    )}
  </label>
)
