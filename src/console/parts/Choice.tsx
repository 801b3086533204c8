/** A filter that is one of a few values, or any. */
export const Choice = ({
  label,
  any,
  value,
  options,
  onChange
}: {
  readonly label: string
  /** What stands there when nothing is chosen. */
  readonly any: string
  readonly value: string | undefined
  readonly options: ReadonlyArray<readonly [value: string, title: string]>
  readonly onChange: (value: string) => void
}) => (
  <select className="input" aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
    <option value="">{any}</option>
    {options.map(([each, title]) => (
      <option key={each} value={each}>
        {title}
      </option>
    ))}
  </select>
)
