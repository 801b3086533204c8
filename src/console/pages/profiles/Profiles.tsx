/** Profiles by latest activity, and finding them: exactly by identifier, or by name, trait, anonymity (PRO-70, PRO-73). */
import { useInfiniteQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { ask } from "../../api/client.ts"
import { nodes, useMasked, useSpace } from "../../api/hooks.ts"
import type { ProfileFilter } from "../../api/schema.gql.ts"
import { Avatar, Knot } from "../../parts/Identity.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { SearchInput, Segments } from "../../parts/Choice.tsx"
import { More, Table, type TableColumn } from "../../parts/Table.tsx"
import { useTyped } from "../../parts/typed.ts"
import { useRowKeys } from "../../parts/row-keys.ts"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed, fieldText, identifierIn, type profilesSearch } from "../../url-state.ts"
import { ago, anonymous, count, exact, family, type Family, nameOf, shortId } from "../../words.ts"
import { type ListedProfile, profileList } from "./profiles.gql.ts"
import "./profiles.css"

type Filters = ReturnType<typeof profilesSearch>

/** A text as written is an identifier when it looks like one, else the beginning of a name or an e-mail address. */
const filterOf = ({ q, anonymous, trait, value }: Filters): ProfileFilter | undefined => {
  const filter: { -readonly [K in keyof ProfileFilter]: ProfileFilter[K] } = {}
  const identifier = q === undefined ? undefined : identifierIn(q)
  if (identifier !== undefined) filter.externalId = identifier
  else if (q !== undefined) filter.text = q
  if (anonymous === true) filter.anonymousOnly = true
  if (trait !== undefined) filter.traitKey = trait
  if (trait !== undefined && value !== undefined) filter.traitEquals = parsedValue(value)
  return Object.keys(filter).length === 0 ? undefined : filter
}

/** `true`, `39.5` and `"39.5"` as JSON; everything else is text. */
const parsedValue = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const useProfiles = (filters: Filters) => {
  const { id } = useSpace()
  const collection = filters.collection === "accounts" ? ("ACCOUNTS" as const) : ("USERS" as const)
  const filter = filterOf(filters)
  return useInfiniteQuery({
    queryKey: [id, profileList.name, collection, filter],
    queryFn: ({ pageParam, signal }) =>
      ask(profileList, { space: id, collection, filter, after: pageParam }, id, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ searchProfiles: { pageInfo } }) =>
      pageInfo.hasNextPage && pageInfo.endCursor !== null ? pageInfo.endCursor : undefined,
    refetchInterval: filter === undefined ? 10_000 : false,
    maxPages: 40,
    placeholderData: (previous) => previous
  })
}

/** Identifiers of a row; those that tell people most come first. */
const shownIds = 2
const order: ReadonlyArray<Family> = ["account", "contact", "group", "device", "cookie"]
const telling = (type: string) => order.indexOf(family(type))

const Row = ({ profile, selected }: { readonly profile: ListedProfile; readonly selected: boolean }) => {
  const { slug } = useSpace()
  const name = nameOf(nodes(profile.traits))
  const ids = nodes(profile.externalIds)
    .toSorted((a, b) => telling(a.type) - telling(b.type))
    .slice(0, shownIds)
  const more = profile.externalIds.totalCount - ids.length
  return (
    <tr className="link" aria-selected={selected}>
      <td>
        <Link
          className="row who"
          to="/s/$space/profiles/$id/$tab"
          params={{ space: slug, id: profile.segmentId, tab: "overview" }}
        >
          <Avatar name={name} small />
          <span className={name === anonymous ? "el q2" : "el b"}>{name}</span>
        </Link>
      </td>
      <td>
        <span className="pid" title={profile.segmentId}>
          {shortId(profile.segmentId)}
        </span>
      </td>
      <td>
        <span className="row ids">
          {ids.map((each, i) => (
            <Knot key={`${i} ${each.type}:${each.id}`} of={each} />
          ))}
          {more > 0 ? <span className="q more">+{count(more)}</span> : undefined}
        </span>
      </td>
      <td className="num q">{profile.metadata.mergeCount === 0 ? "" : count(profile.metadata.mergeCount)}</td>
      <td className="num q" title={exact(profile.metadata.updatedAt)}>
        {ago(profile.metadata.updatedAt)}
      </td>
    </tr>
  )
}

const Field = ({
  q,
  onSearch
}: {
  readonly q: string | undefined
  readonly onSearch: (q: string | undefined) => void
}) => {
  const masked = useMasked()
  const [text, setText] = useTyped(q, onSearch)
  return (
    <SearchInput
      label="Find profiles"
      placeholder={masked ? "type:value, complete" : "type:value, an e-mail address, or the beginning of a name"}
      value={text}
      onChange={setText}
    />
  )
}

const listTitle = (filters: Filters, found: number, more: boolean): string => {
  const what = filters.collection === "accounts" ? "Accounts" : "Profiles"
  if (filters.q === undefined && filters.anonymous !== true && filters.trait === undefined) return what
  if (found === 0 && !more) return `No ${what.toLowerCase()} found`
  return `${count(found)}${more ? " or more" : ""} ${found === 1 ? what.slice(0, -1).toLowerCase() : what.toLowerCase()} found`
}

const columns: ReadonlyArray<TableColumn> = [
  ["Name", "24%"],
  ["Profile", 150],
  ["Identifiers"],
  ["Merges", 70, "num"],
  ["Last event", 110, "num"]
]

export const Profiles = () => {
  const { space } = useParams({ from: "/app/s/$space/profiles" })
  const filters = useSearch({ from: "/app/s/$space/profiles" })
  const navigate = useNavigate({ from: "/s/$space/profiles" })
  const query = useProfiles(filters)
  const masked = useMasked()
  useCrumbs("Profiles")
  const pages = query.data?.pages ?? []
  const listed = pages.flatMap(({ searchProfiles }) => nodes(searchProfiles))
  const totals = pages[0]?.space
  const set = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) =>
    void navigate({ search: (old) => changed(old, change), replace: true })
  const filtered = filterOf(filters) !== undefined
  const { selected } = useRowKeys(listed.length, (i) =>
    navigate({ to: "/s/$space/profiles/$id/$tab", params: { space, id: listed[i]!.segmentId, tab: "overview" } })
  )
  const total = filters.collection === "accounts" ? totals?.accounts : totals?.users
  return (
    <Page
      title={query.data === undefined ? "Profiles" : listTitle(filters, listed.length, query.hasNextPage)}
      sub={filtered || total === undefined ? undefined : count(total)}
      ready={query.data !== undefined || query.error !== null}
      actions={
        <Segments
          label="Collection"
          value={filters.collection}
          options={[
            [undefined, "Users"],
            ["accounts", "Accounts"]
          ]}
          onChange={(collection) => set({ collection })}
        />
      }
    >
      <section className="card grow" aria-label="Profiles">
        <div className="filters">
          <Field q={filters.q} onSearch={(q) => set({ q })} />
          <label className="input trait">
            <span className="sr">Trait</span>
            <input
              value={filters.trait ?? ""}
              placeholder="trait"
              onChange={(event) => set({ trait: fieldText(event.target.value) })}
            />
          </label>
          <label className="input trait">
            <span className="sr">Value of the trait</span>
            <input
              value={filters.value ?? ""}
              placeholder="any value"
              disabled={filters.trait === undefined || masked}
              onChange={(event) => set({ value: fieldText(event.target.value) })}
            />
          </label>
          <button
            className="tok"
            type="button"
            aria-pressed={filters.anonymous === true}
            onClick={() => set({ anonymous: filters.anonymous === true ? undefined : true })}
          >
            Anonymous only
          </button>
        </div>
        <div className="scroll" tabIndex={0}>
          {query.error === null ? undefined : <Failed error={query.error} retry={() => void query.refetch()} />}
          {query.data === undefined && query.error === null ? <Loading rows={14} /> : undefined}
          {query.data !== undefined && listed.length > 0 ? (
            <Table className={query.isPlaceholderData ? "profiles dim" : "profiles"} columns={columns}>
              {listed.map((profile, i) => (
                <Row key={profile.segmentId} profile={profile} selected={i === selected} />
              ))}
            </Table>
          ) : undefined}
          {query.data !== undefined && listed.length === 0 && !query.hasNextPage ? (
            filtered ? (
              <Empty
                title="No profile matches"
                actions={
                  <button
                    className="btn"
                    type="button"
                    onClick={() => set({ q: undefined, anonymous: undefined, trait: undefined, value: undefined })}
                  >
                    Show all
                  </button>
                }
              >
                Values are compared exactly, types and e-mail addresses in lower case; names from their beginning.
              </Empty>
            ) : (
              <Empty title="No profiles yet">
                The first appears here within seconds of the first event. Is something arriving? The bar above says how
                many events come each second.
              </Empty>
            )
          ) : undefined}
          <More query={query} />
        </div>
      </section>
    </Page>
  )
}
