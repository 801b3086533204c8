/** What events can be sent to (DST-16): found by name, by category, or in the plain list of all. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo } from "react"
import { useApi } from "../../api/public-api.ts"
import type { EntrySummary } from "../../api/public-types.ts"
import { catalog } from "../../api/requests.ts"
import { useSpace } from "../../api/hooks.ts"
import { SearchInput } from "../../parts/Choice.tsx"
import { plain } from "../../parts/FormField.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed } from "../../url-state.ts"
import { useTyped } from "../../parts/typed.ts"
import { count } from "../../words.ts"
import { byCategory, shownEntries, sorted } from "./catalog-list.ts"
import "../destinations/destinations.css"

const Tile = ({ entry, source }: { readonly entry: EntrySummary; readonly source: string | undefined }) => {
  const { slug } = useSpace()
  return (
    <Link
      className="tile"
      to="/s/$space/catalog/$entry"
      params={{ space: slug, entry: entry.id }}
      search={source === undefined ? {} : { source }}
    >
      <span className="letter" aria-hidden="true">
        {entry.name.slice(0, 1).toUpperCase()}
      </span>
      <span className="col grow">
        <span className="row">
          <span className="b el">{entry.name}</span>
          {entry.status === "PUBLIC_BETA" ? <span className="tag">Beta</span> : undefined}
        </span>
        <p>{plain(entry.description)}</p>
      </span>
    </Link>
  )
}

const Tiles = ({
  entries,
  source
}: {
  readonly entries: ReadonlyArray<EntrySummary>
  readonly source: string | undefined
}) => (
  <div className="tiles">
    {entries.map((entry) => (
      <Tile key={entry.id} entry={entry} source={source} />
    ))}
  </div>
)

export const Catalog = () => {
  const { slug } = useSpace()
  const search = useSearch({ from: "/app/s/$space/catalog" })
  const navigate = useNavigate({ from: "/s/$space/catalog" })
  const query = useApi(catalog, { forever: true })
  const [text, setText] = useTyped(
    search.q,
    (q) => void navigate({ search: (old) => changed(old, { q }), replace: true })
  )
  useCrumbs(`Destinations|/s/${slug}/destinations`, "Catalog")
  const all = useMemo(() => sorted(query.data ?? []), [query.data])
  const groups = useMemo(() => byCategory(all), [all])
  const { category, source } = search
  const shown = shownEntries(all, { text, category })
  const grouped = text.trim() === "" && category === undefined
  const entryOf = (value: string | undefined, title: string, n: number) => (
    <Link
      key={title}
      className="nav"
      to="/s/$space/catalog"
      params={{ space: slug }}
      search={changed(search, { category: value })}
      activeProps={{ className: "" }}
      {...(category === value ? { "aria-current": "page" as const } : { "aria-current": undefined })}
    >
      <span className="el">{title}</span>
      <span className="n">{count(n)}</span>
    </Link>
  )
  return (
    <Page
      title={query.data === undefined ? "Catalog" : `${count(all.length)} places to send events to`}
      ready={query.data !== undefined || query.error !== null}
    >
      <div className="catalog">
        <nav aria-label="Categories">
          {entryOf(undefined, "By category", all.length)}
          {entryOf("all", "Plain list", all.length)}
          {groups.map(([title, entries]) => entryOf(title, title, entries.length))}
        </nav>
        <section className="card" aria-label="Destinations that can be added">
          <div className="filters">
            <SearchInput label="Find a destination" placeholder="name, e.g. webhook" value={text} onChange={setText} />
          </div>
          <div className="scroll" tabIndex={0}>
            <QueryView query={query} rows={10}>
              {() =>
                shown.length === 0 ? (
                  <Empty title="Nothing has this name">
                    Whatever takes HTTP can be reached by a webhook: search for "webhook".
                  </Empty>
                ) : grouped ? (
                  groups.map(([title, entries]) => (
                    <section key={title}>
                      <h2 className="group">{title}</h2>
                      <Tiles entries={entries} source={source} />
                    </section>
                  ))
                ) : (
                  <Tiles entries={shown} source={source} />
                )
              }
            </QueryView>
          </div>
        </section>
      </div>
    </Page>
  )
}
