/** Views of one thing inside a panel. Tabs of a page are links instead, because they have addresses. */
interface TabsProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: ReadonlyArray<readonly [value: Value, title: string, note?: string | undefined]>
  readonly onChange: (value: Value) => void
}

export const Tabs = <Value extends string>({ label, value, options, onChange }: TabsProps<Value>) => (
  <div className="tabs in" role="group" aria-label={label}>
    {options.map(([each, title, note]) => (
      <button key={each} type="button" aria-pressed={each === value} onClick={() => onChange(each)}>
        {title}
        {note === undefined ? undefined : <em>{note}</em>}
      </button>
    ))}
  </div>
)
