/** The properties of the chosen event; archiving it, which hides it from the list and changes nothing that flows (ING-132). */
import { Link } from "@tanstack/react-router"
import { useRef } from "react"
import { useChange, useData, useMay, useSpace } from "../../api/hooks.ts"
import { Empty, Failed, QueryView } from "../../parts/States.tsx"
import { plural } from "../../words.ts"
import { archiveSchemaEvent, schemaProperties, unarchiveSchemaEvent } from "./schema.gql.ts"
import { Integrations } from "./Integrations.tsx"
import { SchemaTable } from "./SchemaTable.tsx"
import type { Blocks } from "./use-blocks.ts"

interface EventPaneProps {
  readonly source: string
  readonly days: number
  readonly event: string
  readonly archived: boolean
  readonly blocks: Blocks | undefined
}

export const EventPane = ({ source, days, event, archived, blocks }: EventPaneProps) => {
  const { id: space, slug } = useSpace()
  const may = useMay("admin")
  const scroller = useRef<HTMLDivElement>(null)
  const query = useData(schemaProperties, { space, source, days, event }, { keep: true })
  const change = useChange(archived ? unarchiveSchemaEvent : archiveSchemaEvent)
  const flows = !archived && blocks?.isBlocked(event) === false
  const properties = query.data?.sourceSchema.properties
  return (
    <aside className="card" aria-label="Chosen event">
      <h2 className="h">
        <span className="el">{event}</span>
        {properties === undefined ? undefined : (
          <span className="r">{plural(properties.length, "property", "properties")}</span>
        )}
      </h2>
      {change.error === null ? undefined : <Failed error={change.error} />}
      {blocks === undefined ? undefined : <Integrations blocks={blocks} event={event} what={event} />}
      <div className="scroll" ref={scroller} tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ sourceSchema }) =>
            sourceSchema.properties.length === 0 ? (
              <Empty title="It came without properties">Or it has not come yet.</Empty>
            ) : (
              <SchemaTable
                what="Property"
                label={`Properties of ${event}`}
                rows={sourceSchema.properties}
                scroller={scroller}
              />
            )
          }
        </QueryView>
      </div>
      <div className="f">
        <Link className="btn" to="/s/$space/live" params={{ space: slug }} search={{ source, event }}>
          See it live
        </Link>
        {may ? (
          <button
            className="btn g"
            type="button"
            disabled={change.isPending || flows}
            title={flows ? "Switch it off first: what is archived must not come unseen" : "Hides it from the list"}
            onClick={() => change.mutate({ space, source, event })}
          >
            {archived ? "Take out of the archive" : "Archive"}
          </button>
        ) : undefined}
      </div>
    </aside>
  )
}
