/** Filters that several pages have: the kind of call, and the source. */
import { Choice } from "../parts/Choice.tsx"
import { eventTypes, fieldText } from "../url-state.ts"
import { useSourceList } from "./sources.ts"

type EventType = (typeof eventTypes)[number]

interface CallChoiceProps {
  readonly value: EventType | undefined
  readonly onChange: (type: EventType | undefined) => void
}

export const CallChoice = ({ value, onChange }: CallChoiceProps) => (
  <Choice
    label="Call"
    any="Every call"
    value={value}
    options={eventTypes.map((each) => [each, each.toLowerCase()] as const)}
    onChange={(chosen) => onChange(eventTypes.find((each) => each === chosen))}
  />
)

interface SourceChoiceProps {
  readonly value: string | undefined
  readonly onChange: (id: string | undefined) => void
}

export const SourceChoice = ({ value, onChange }: SourceChoiceProps) => {
  const sources = useSourceList()
  return (
    <Choice
      label="Source"
      any="Every source"
      value={value}
      options={sources.map(({ id, name }) => [id, name] as const)}
      onChange={(chosen) => onChange(fieldText(chosen))}
    />
  )
}
