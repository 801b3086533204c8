/** The mappings of a destination in the order in which they were made, which is the order of their jobs (DST-84). */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { CopyPlus, Pencil, Plus, Trash2 } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../../api/hooks.ts"
import { useApi, useApiChange } from "../../../api/public-api.ts"
import type { Mapping } from "../../../api/public-types.ts"
import { changeMapping, deleteMapping, duplicateMapping, mappings as mappingsOf } from "../../../api/requests.ts"
import { Confirm } from "../../../parts/Dialog.tsx"
import { RowButton } from "../../../parts/RowButton.tsx"
import { Empty, Failed } from "../../../parts/States.tsx"
import { Switch } from "../../../parts/Switch.tsx"
import { QueryPanel, Table } from "../../../parts/Table.tsx"
import { changed } from "../../../url-state.ts"
import { plural } from "../../../words.ts"
import { triggerWords } from "../conditions.ts"
import type { TabProps } from "../Destination.tsx"
import { NewMapping } from "./NewMapping.tsx"
import { MappingEditor } from "./MappingEditor.tsx"

interface RowProps extends TabProps {
  readonly mapping: Mapping
  readonly onEdit: () => void
  readonly onDelete: () => void
}

const Row = ({ destination, mapping, onEdit, onDelete }: RowProps) => {
  const may = useMayConnect()
  const change = useApiChange()
  const { id, name, actionSlug, enabled, trigger, missing = [] } = mapping
  const action = destination.metadata.actions.find(({ slug }) => slug === actionSlug)
  const words = triggerWords(trigger)
  return (
    <>
      <tr className="link" onClick={onEdit}>
        <td onClick={(event) => event.stopPropagation()}>
          <Switch
            label={`${name} is enabled`}
            on={enabled}
            disabled={!may || change.isPending}
            onChange={(on) => change.mutate(changeMapping(destination.id, id, { enabled: on }))}
          />
        </td>
        <td>
          <button className="acc b" type="button" onClick={onEdit}>
            {name}
          </button>
        </td>
        <td className="q2">{action?.name ?? actionSlug}</td>
        <td className="q2" title={trigger}>
          {words}
        </td>
        <td className={missing.length > 0 ? "warn" : "q2"}>
          {missing.length > 0 ? `${plural(missing.length, "field")} missing` : enabled ? "" : "disabled"}
        </td>
        <td onClick={(event) => event.stopPropagation()}>
          <span className="row g4">
            <RowButton icon={Pencil} verb="Edit" of={name} onClick={onEdit} />
            <RowButton
              icon={CopyPlus}
              verb="Duplicate"
              of={name}
              disabled={!may || change.isPending}
              onClick={() => change.mutate(duplicateMapping(destination.id, id))}
            />
            <RowButton icon={Trash2} verb="Delete" of={name} disabled={!may} onClick={onDelete} />
          </span>
        </td>
      </tr>
      {change.error === null ? undefined : (
        <tr>
          <td colSpan={6} style={{ height: "auto", whiteSpace: "normal" }}>
            <Failed error={change.error} />
          </td>
        </tr>
      )}
    </>
  )
}

const Mappings = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const { edit, action } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const query = useApi(mappingsOf(destination.id))
  const remove = useApiChange()
  const [asking, setAsking] = useState<"new" | Mapping | undefined>()
  const open = (mapping: string | undefined, of?: string) =>
    void navigate({
      search: (old) =>
        changed(old, { edit: mapping, action: of, message: mapping === undefined ? undefined : old.message })
    })
  const edited = query.data?.find(({ id }) => id === edit)
  if (edit === "new" || edited !== undefined)
    return (
      <MappingEditor
        key={edit}
        destination={destination}
        mapping={edited}
        actionSlug={edited?.actionSlug ?? action}
        onClose={() => open(undefined)}
        onSaved={(id) => open(id)}
      />
    )
  return (
    <>
      <div className="row">
        <span className="q2">Each mapping that an event matches makes one request of it.</span>
        {may ? (
          <button className="btn ml" type="button" onClick={() => setAsking("new")}>
            <Plus size={14} aria-hidden="true" />
            New mapping…
          </button>
        ) : undefined}
      </div>
      <QueryPanel label="Mappings" query={query} rows={5}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              title="Nothing is mapped yet"
              actions={
                may ? (
                  <button className="btn p" type="button" onClick={() => setAsking("new")}>
                    New mapping…
                  </button>
                ) : undefined
              }
            >
              A mapping says which events become which action, and what the fields of that action get. Without one every
              event is discarded here.
            </Empty>
          ) : (
            <Table
              columns={[
                ["Enabled", 72],
                ["Mapping", "24%"],
                ["Action", "20%"],
                ["When"],
                ["State", 120],
                ["Do", 110, "hidden"]
              ]}
            >
              {all.map((mapping) => (
                <Row
                  key={mapping.id}
                  destination={destination}
                  mapping={mapping}
                  onEdit={() => open(mapping.id)}
                  onDelete={() => setAsking(mapping)}
                />
              ))}
            </Table>
          )
        }
      </QueryPanel>
      {asking === "new" ? (
        <NewMapping
          entry={destination.metadata}
          onChoose={(slug) => {
            setAsking(undefined)
            open("new", slug)
          }}
          onClose={() => setAsking(undefined)}
        />
      ) : undefined}
      {asking === undefined || asking === "new" ? undefined : (
        <Confirm
          open
          title={`Delete ${asking.name}?`}
          verb="Delete mapping"
          keep="Keep it"
          error={remove.error}
          busy={remove.isPending}
          onConfirm={() =>
            remove.mutate(deleteMapping(destination.id, asking.id), { onSuccess: () => setAsking(undefined) })
          }
          onClose={() => setAsking(undefined)}
        >
          <p className="q2">
            It cannot be brought back, and what of it waits for a retry is discarded. To stop it for a while, disable
            it.
          </p>
        </Confirm>
      )}
    </>
  )
}

export default Mappings
