/** What one source sends, by name: events with their properties, traits of people and of accounts (ING-130). Never values. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { type RefObject, useRef, useState } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import type { SchemaType } from "../../api/schema.gql.ts"
import { SearchInput, Segments } from "../../parts/Choice.tsx"
import { Page } from "../../parts/Page.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed, fieldText, type schemaSearch, schemaTabs } from "../../url-state.ts"
import { count, plural } from "../../words.ts"
import { useSourceList } from "../sources.ts"
import { SourceTabs } from "../sources/SourceTabs.tsx"
import { EventPane } from "./EventPane.tsx"
import { Integrations } from "./Integrations.tsx"
import { sourceSchema, type SourceSchemaData } from "./schema.gql.ts"
import { SchemaActions } from "./SchemaActions.tsx"
import { type SchemaRow, SchemaTable } from "./SchemaTable.tsx"
import { type Blocks, useBlocks } from "./use-blocks.ts"

type Lists = SourceSchemaData["sourceSchema"]
type Tab = (typeof schemaTabs)[number]
type Filters = ReturnType<typeof schemaSearch>

const tabs: Readonly<Record<Tab, readonly [title: string, type: SchemaType, of: (lists: Lists) => Lists["events"]]>> = {
  track: ["Track", "TRACK", ({ events }) => events],
  identify: ["Identify", "IDENTIFY", ({ identify }) => identify],
  group: ["Group", "GROUP", ({ group }) => group]
}

const finding = (name: string, lists: Lists | undefined, days: number): string =>
  lists === undefined
    ? `What ${name} sends`
    : `${name} sent ${plural(lists.events.filter(({ allowed, blocked }) => allowed + blocked > 0).length, "kind of event", "kinds of events")} in ${days} days`

interface EventListProps {
  readonly rows: ReadonlyArray<SchemaRow>
  readonly chosen: string | undefined
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly blocks: Blocks | undefined
  readonly onChoose: (event: string) => void
}

const EventList = ({ rows, chosen, scroller, blocks, onChoose }: EventListProps) => {
  const at = rows.findIndex(({ name }) => name === chosen)
  useRowKeys(rows.length, () => undefined, { at, move: (row) => onChoose(rows[row]!.name) })
  return (
    <SchemaTable
      what="Event"
      label="Events"
      rows={rows}
      scroller={scroller}
      selected={at}
      blocks={blocks}
      destinations
      onSelect={({ name }) => onChoose(name)}
    />
  )
}

const Nothing = ({ filters, tab }: { readonly filters: Filters; readonly tab: Tab }) =>
  filters.q !== undefined ? (
    <Empty title="No name has this text" />
  ) : filters.archived === true ? (
    <Empty title="No event is archived">Archiving hides an event that is blocked from the list.</Empty>
  ) : (
    <Empty title={tab === "track" ? "No event yet" : "No trait yet"}>
      {tab === "track"
        ? "Names of events appear here within seconds of their first call; page and screen calls are among them."
        : `Traits come with ${tab} calls.`}
    </Empty>
  )

export const Schema = () => {
  const { space: slug, source } = useParams({ from: "/app/s/$space/sources/$source/schema" })
  const filters = useSearch({ from: "/app/s/$space/sources/$source/schema" })
  const navigate = useNavigate({ from: "/s/$space/sources/$source/schema" })
  const { id: space } = useSpace()
  const sources = useSourceList()
  const scroller = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<Error | undefined>()
  const days = filters.days ?? 7
  const tab = filters.tab ?? "track"
  const [, type, listOf] = tabs[tab]
  const query = useData(
    sourceSchema,
    { space, source, days, archived: filters.archived === true },
    { every: 10_000, keep: true }
  )
  const set = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) =>
    void navigate({ search: (old) => changed(old, change), replace: true })
  const name = sources.find(({ id }) => id === source)?.name ?? source
  useCrumbs(`Sources|/s/${slug}/sources`, name, "Schema")
  const blocks = useBlocks(source, tab)
  const lists = query.data?.sourceSchema
  const wanted = filters.q?.toLowerCase()
  const rows = (lists === undefined ? [] : listOf(lists)).filter(
    (row) => wanted === undefined || row.name.toLowerCase().includes(wanted)
  )
  const chosen = tab === "track" ? (rows.find((row) => row.name === filters.event) ?? rows[0]) : undefined
  return (
    <Page
      title={finding(name, lists, days)}
      ready={lists !== undefined || query.error !== null}
      actions={
        <SchemaActions
          source={source}
          days={days}
          type={type}
          onError={setFailure}
          onAdded={(event) => set({ event, q: undefined, archived: undefined })}
        />
      }
    >
      <SourceTabs source={source} tab="schema" />
      <div className="row">
        <nav className="seg" aria-label="Kinds of calls">
          {schemaTabs.map((each) => (
            <Link
              key={each}
              to="/s/$space/sources/$source/schema"
              params={{ space: slug, source }}
              search={changed(filters, { tab: each === "track" ? undefined : each, q: undefined })}
              {...(each === tab ? { "aria-current": "page" as const } : {})}
            >
              {tabs[each][0]}
              {lists === undefined ? undefined : <span className="n">{count(tabs[each][2](lists).length)}</span>}
            </Link>
          ))}
        </nav>
        <span className="ml" />
        <Segments
          label="Period"
          value={days === 30 ? "30" : "7"}
          options={[
            ["7", "7 days"],
            ["30", "30 days"]
          ]}
          onChange={(period) => set({ days: period === "30" ? 30 : undefined })}
        />
      </div>
      {failure === undefined ? undefined : <Failed error={failure} />}
      <div className={chosen === undefined ? "side2 one" : "side2 halves"}>
        <section className="card" aria-label={tab === "track" ? "Events" : "Traits"}>
          <div className="filters">
            <SearchInput
              label="Part of a name"
              placeholder="part of a name"
              value={filters.q ?? ""}
              onChange={(text) => set({ q: fieldText(text) })}
            />
            {tab === "track" ? (
              <button
                className="tok"
                type="button"
                aria-pressed={filters.archived === true}
                onClick={() => set({ archived: filters.archived === true ? undefined : true })}
              >
                Archived
              </button>
            ) : undefined}
          </div>
          {blocks === undefined || tab === "track" ? undefined : (
            <Integrations blocks={blocks} event={undefined} what={`${tab} calls`} />
          )}
          {blocks?.error == null ? undefined : <Failed error={blocks.error} />}
          <div className="scroll" ref={scroller} tabIndex={0}>
            <QueryView query={query} rows={12}>
              {() =>
                rows.length === 0 ? (
                  <Nothing filters={filters} tab={tab} />
                ) : tab === "track" ? (
                  <EventList
                    rows={rows}
                    chosen={chosen?.name}
                    scroller={scroller}
                    blocks={blocks}
                    onChoose={(event) => set({ event })}
                  />
                ) : (
                  <SchemaTable what="Trait" label="Traits" rows={rows} scroller={scroller} blocks={blocks} />
                )
              }
            </QueryView>
          </div>
        </section>
        {chosen === undefined ? undefined : (
          <EventPane
            source={source}
            days={days}
            event={chosen.name}
            archived={filters.archived === true}
            blocks={blocks}
          />
        )}
      </div>
    </Page>
  )
}
