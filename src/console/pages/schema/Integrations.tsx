/** Which destinations get an event, or all calls of a type: all or nothing for each (ING-135). */
import { useMayConnect } from "../../api/hooks.ts"
import { Switch } from "../../parts/Switch.tsx"
import type { Blocks } from "./use-blocks.ts"

interface IntegrationsProps {
  readonly blocks: Blocks
  /** Of the event; undefined: of the whole type. */
  readonly event: string | undefined
  readonly what: string
}

export const Integrations = ({ blocks, event, what }: IntegrationsProps) => {
  const may = useMayConnect()
  const { destinations } = blocks
  if (destinations.length === 0 || !blocks.canKeep(event)) return undefined
  return (
    <div className="sec2 col g8" style={{ flex: "none" }}>
      <div className="lbl">Destinations that get {what}, unless the event names them itself</div>
      {destinations.map(({ id, name, metadata }) => (
        <div className="row" key={id}>
          <span className="el grow">{name ?? metadata.name}</span>
          <Switch
            label={`${name ?? metadata.name} gets ${what}`}
            on={blocks.gets(id, event)}
            disabled={!may || blocks.busy}
            onChange={(on) => blocks.give(id, event, on)}
          />
        </div>
      ))}
    </div>
  )
}
