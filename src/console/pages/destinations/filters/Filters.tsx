/** Filters of a destination (DST-50 to DST-65): what is not sent, or not sent whole. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Plus, Trash2 } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../../api/hooks.ts"
import { useApi, useApiChange } from "../../../api/public-api.ts"
import type { Filter } from "../../../api/public-types.ts"
import { changeFilter, deleteFilter, filters as filtersOf } from "../../../api/requests.ts"
import { Confirm } from "../../../parts/Dialog.tsx"
import { RowButton } from "../../../parts/RowButton.tsx"
import { Empty, Failed } from "../../../parts/States.tsx"
import { Switch } from "../../../parts/Switch.tsx"
import { QueryPanel, Table } from "../../../parts/Table.tsx"
import { changed } from "../../../url-state.ts"
import type { TabProps } from "../Destination.tsx"
import { hasDeviceMode } from "../modes.ts"
import { FilterEditor } from "./FilterEditor.tsx"
import { filterText, whenText } from "./filter-form.ts"

/** DST-50. */
const most = 10

const Filters = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const { edit } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const query = useApi(filtersOf(destination.id))
  const change = useApiChange()
  const remove = useApiChange()
  const [asking, setAsking] = useState<Filter | undefined>()
  const open = (id: string | undefined) => void navigate({ search: (old) => changed(old, { edit: id }) })
  const edited = query.data?.find(({ id }) => id === edit)
  if (edit === "new" || edited !== undefined)
    return <FilterEditor key={edit} destination={destination} filter={edited} onClose={() => open(undefined)} />
  const full = (query.data?.length ?? 0) >= most
  return (
    <>
      <div className="row">
        <span className="q2">Filters act before mappings, on events that come after they were saved.</span>
        {may ? (
          <button
            className="btn ml"
            type="button"
            disabled={full}
            title={full ? `A destination has at most ${most} filters` : ""}
            onClick={() => open("new")}
          >
            <Plus size={14} aria-hidden="true" />
            New filter
          </button>
        ) : undefined}
      </div>
      {change.error === null ? undefined : <Failed error={change.error} />}
      <QueryPanel label="Filters" query={query} rows={4}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              title="Nothing is filtered"
              actions={
                may ? (
                  <button className="btn p" type="button" onClick={() => open("new")}>
                    New filter
                  </button>
                ) : undefined
              }
            >
              Every event of the source goes on to the mappings. A filter drops events, sends a sample of them, or takes
              properties out.
            </Empty>
          ) : (
            <Table columns={[["Enabled", 72], ["Filter", "26%"], ["Does", "26%"], ["When"], ["Do", 60, "hidden"]]}>
              {all.map((filter) => (
                <tr className="link" key={filter.id} onClick={() => open(filter.id)}>
                  <td onClick={(event) => event.stopPropagation()}>
                    <Switch
                      label={`${filter.title} is enabled`}
                      on={filter.enabled}
                      disabled={!may || change.isPending}
                      onChange={(enabled) => change.mutate(changeFilter(destination.id, filter.id, { enabled }))}
                    />
                  </td>
                  <td>
                    <button className="acc b" type="button" onClick={() => open(filter.id)}>
                      {filter.title}
                    </button>
                  </td>
                  <td title={filterText(filter)}>{filterText(filter)}</td>
                  <td className="q2" title={filter.if}>
                    {filter.cloudModeOnly && hasDeviceMode(destination.metadata) ? (
                      <span className="tag" title="Applies in cloud mode only: libraries on devices cannot be told it">
                        cloud mode only
                      </span>
                    ) : undefined}{" "}
                    {whenText(filter)}
                  </td>
                  <td onClick={(event) => event.stopPropagation()}>
                    <RowButton
                      icon={Trash2}
                      verb="Delete"
                      of={filter.title}
                      disabled={!may}
                      onClick={() => setAsking(filter)}
                    />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryPanel>
      {asking === undefined ? undefined : (
        <Confirm
          open
          title={`Delete ${asking.title}?`}
          verb="Delete filter"
          keep="Keep it"
          error={remove.error}
          busy={remove.isPending}
          onConfirm={() =>
            remove.mutate(deleteFilter(destination.id, asking.id), { onSuccess: () => setAsking(undefined) })
          }
          onClose={() => setAsking(undefined)}
        >
          <p className="q2">Events that come from then on are no longer held back by it.</p>
        </Confirm>
      )}
    </>
  )
}

export default Filters
