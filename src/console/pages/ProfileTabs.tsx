/** The tabs of a profile that are lists: traits, events, identities, accounts, history, violations. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Search } from "lucide-react"
import { useState } from "react"
import { ask } from "../api/client.ts"
import { nodes, useData, useSpace } from "../api/hooks.ts"
import { Copy } from "../parts/Copy.tsx"
import { Avatar, familyClass, Identifier, ProfileId } from "../parts/Identity.tsx"
import { Json } from "../parts/Json.tsx"
import { Empty, Failed, Loading, QueryView } from "../parts/States.tsx"
import { useRowKeys } from "../parts/row-keys.ts"
import { changed, fieldText, rangeMs } from "../url-state.ts"
import { ago, callName, clockMs, dayTitle, exact, moment, nameOf, plural, valueText } from "../words.ts"
import {
  profileEvents,
  type ProfileEventsData,
  profileHistory,
  profileIdentities,
  profileTraits,
  profileViolations
} from "./profile.gql.ts"
import { InsightTable } from "./InsightTable.tsx"
import type { ProfileRef } from "./Profile.tsx"
import { useSources } from "./sources.ts"

type EventNode = NonNullable<ProfileEventsData["profile"]>["events"]["edges"][number]["node"]

const classNames: Readonly<Record<string, string>> = {
  CUSTOM: "custom",
  COMPUTED_TRAIT: "computed",
  SQL_TRAIT: "SQL",
  AUDIENCE: "audience"
}

const ExplainLink = ({ messageId }: { readonly messageId: string }) => {
  const { slug } = useSpace()
  return (
    <Link className="acc" to="/s/$space/explain/$messageId" params={{ space: slug, messageId }}>
      Explain
    </Link>
  )
}

export const TraitsTab = ({ of }: { readonly of: ProfileRef }) => {
  const query = useData(profileTraits, of)
  return (
    <section className="card grow" aria-label="Traits">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={12}>
          {({ profile }) => {
            const traits = profile === null ? [] : nodes(profile.traits)
            if (traits.length === 0)
              return <Empty title="No traits yet">They come with identify and group calls.</Empty>
            return (
              <table>
                <thead>
                  <tr>
                    <th style={{ width: "20%" }}>Trait</th>
                    <th>Value</th>
                    <th style={{ width: 110 }}>Class</th>
                    <th style={{ width: 150 }}>Source</th>
                    <th style={{ width: 130 }}>Updated</th>
                    <th style={{ width: 90 }}>Set by</th>
                  </tr>
                </thead>
                <tbody>
                  {traits.map((trait) => (
                    <tr key={trait.key}>
                      <td className="b">{trait.key}</td>
                      <td
                        className={`m ${typeof trait.value === "string" ? "" : "number"}`}
                        title={valueText(trait.value)}
                      >
                        {valueText(trait.value)}
                      </td>
                      <td className="q2">{classNames[trait.class]}</td>
                      <td className="q2">{trait.sourceName ?? ""}</td>
                      <td className="q" title={exact(trait.updatedAt)}>
                        {moment(trait.updatedAt)}
                      </td>
                      <td>{trait.messageId === null ? "" : <ExplainLink messageId={trait.messageId} />}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}

const useEvents = (of: ProfileRef) =>
  useInfiniteQuery({
    queryKey: [of.space, "ProfileEventPages", of.id],
    queryFn: ({ pageParam, signal }) => ask(profileEvents, { ...of, after: pageParam }, of.space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ profile }) =>
      profile?.events.pageInfo.hasNextPage === true ? (profile.events.pageInfo.endCursor ?? undefined) : undefined,
    maxPages: 25
  })

const EventPane = ({ event }: { readonly event: EventNode }) => {
  const { slug } = useSpace()
  return (
    <aside className="card" aria-label="Selected event">
      <h2 className="h">
        <span className="el">{callName(event.type, event.event)}</span>
        <span className="r">
          <Copy text={event.messageId} what="message id" />
        </span>
      </h2>
      <div className="scroll pad" tabIndex={0}>
        <Json value={event.raw} />
      </div>
      <div className="f">
        <Link className="btn p" to="/s/$space/explain/$messageId" params={{ space: slug, messageId: event.messageId }}>
          Explain
        </Link>
        <span className="m q el">{event.messageId}</span>
      </div>
    </aside>
  )
}

export const EventsTab = ({ of }: { readonly of: ProfileRef }) => {
  const { e, q } = useSearch({ from: "/app/s/$space/profiles/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/profiles/$id/$tab" })
  const sourceName = useSources()
  const query = useEvents(of)
  const events = (query.data?.pages ?? []).flatMap(({ profile }) => (profile === null ? [] : nodes(profile.events)))
  const wanted = q?.toLowerCase()
  const shown =
    wanted === undefined ? events : events.filter(({ raw }) => valueText(raw).toLowerCase().includes(wanted))
  const selected = shown.find(({ messageId }) => messageId === e) ?? shown[0]
  const select = (event: EventNode) =>
    void navigate({ search: (old) => ({ ...old, e: event.messageId }), replace: true })
  useRowKeysFor(shown, selected, select)
  if (query.error !== null && query.data === undefined)
    return <Failed error={query.error} retry={() => void query.refetch()} />
  return (
    <div className="side2">
      <section className="card" aria-label="Events">
        <div className="filters">
          <label className="input grow">
            <Search size={14} aria-hidden="true" />
            <span className="sr">Text in the events shown</span>
            <input
              data-filter
              value={q ?? ""}
              placeholder="any text in the events shown"
              onChange={(event) =>
                void navigate({
                  search: (old) => changed(old, { q: fieldText(event.target.value) }),
                  replace: true
                })
              }
            />
          </label>
        </div>
        <div className="scroll" tabIndex={0}>
          {query.data === undefined ? <Loading rows={12} /> : undefined}
          {query.data !== undefined && shown.length === 0 ? (
            <Empty title={q === undefined ? "No event in the last 14 days" : "No event shown has this text"} />
          ) : undefined}
          {[...Map.groupBy(shown, ({ timestamp }) => dayTitle(timestamp))].map(([title, group]) => (
            <table key={title}>
              <caption className="day">
                {title} <span className="lbl">{plural(group.length, "event")}</span>
              </caption>
              <colgroup>
                <col style={{ width: 118 }} />
                <col style={{ width: 76 }} />
                <col />
                <col style={{ width: 130 }} />
              </colgroup>
              <tbody>
                {group.map((event) => (
                  <tr
                    className="link"
                    key={event.messageId}
                    aria-selected={event === selected}
                    onClick={() => select(event)}
                  >
                    <td className="m q">{clockMs(event.timestamp)}</td>
                    <td className="q2">{event.type.toLowerCase()}</td>
                    <td className="b">{callName(event.type, event.event)}</td>
                    <td className="q">{sourceName(event.sourceId)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          ))}
          {query.hasNextPage ? (
            <div className="more-row">
              <button
                className="btn"
                type="button"
                disabled={query.isFetching}
                onClick={() => void query.fetchNextPage()}
              >
                Show more
              </button>
            </div>
          ) : undefined}
        </div>
      </section>
      {selected === undefined ? undefined : <EventPane event={selected} />}
    </div>
  )
}

const useRowKeysFor = (
  shown: ReadonlyArray<EventNode>,
  selected: EventNode | undefined,
  select: (event: EventNode) => void
) => {
  const at = selected === undefined ? -1 : shown.indexOf(selected)
  useRowKeys(shown.length, () => undefined, {
    at,
    move: (row) => {
      const event = shown[row]
      if (event !== undefined) select(event)
    }
  })
}

export const IdentitiesTab = ({ of }: { readonly of: ProfileRef }) => {
  const query = useData(profileIdentities, of)
  return (
    <section className="card grow" aria-label="Identities">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={12}>
          {({ profile }) => {
            const ids = profile === null ? [] : nodes(profile.externalIds)
            if (ids.length === 0)
              return <Empty title="No identifier left">They were removed; traits and events stay.</Empty>
            return (
              <>
                <table>
                  <thead>
                    <tr>
                      <th style={{ width: "17%" }}>Type</th>
                      <th>Value</th>
                      <th style={{ width: 130 }}>First profile</th>
                      <th style={{ width: 150 }}>Source</th>
                      <th style={{ width: 130 }}>Added</th>
                      <th style={{ width: 80 }}>Brought by</th>
                      <th style={{ width: 48 }}>
                        <span className="sr">Copy</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {ids.map((each) => (
                      <tr key={each.mappingId} className={familyClass({ type: each.type, collection: of.collection })}>
                        <td>
                          <span className="knot fam">{each.type}</span>
                        </td>
                        <td className="m" title={each.id}>
                          {each.id}
                        </td>
                        <td>
                          <ProfileId id={each.originSegmentId} other={each.originSegmentId !== of.id} />
                        </td>
                        <td className="q2">{each.sourceName ?? ""}</td>
                        <td className="q" title={exact(each.addedAt)}>
                          {moment(each.addedAt)}
                        </td>
                        <td>{each.firstMessageId === null ? "" : <ExplainLink messageId={each.firstMessageId} />}</td>
                        <td>
                          <Copy text={`${each.type}:${each.id}`} what={`${each.type}:${each.id}`} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                {profile?.externalIds.pageInfo.hasNextPage === true ? (
                  <p className="pad q2">
                    The first 100 of {profile.externalIds.totalCount}. The graph shows all of them.
                  </p>
                ) : undefined}
              </>
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}

export const AccountsTab = ({ of }: { readonly of: ProfileRef }) => {
  const { slug } = useSpace()
  const query = useData(profileIdentities, of)
  const users = of.collection === "ACCOUNTS"
  return (
    <section className="card grow" aria-label={users ? "Users" : "Accounts"}>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ profile }) => {
            const links = profile === null ? [] : nodes(profile.links)
            if (links.length === 0)
              return (
                <Empty title={users ? "No user belongs to it" : "Belongs to no account"}>
                  Group calls link people and accounts.
                </Empty>
              )
            return (
              <table>
                <thead>
                  <tr>
                    <th>{users ? "User" : "Account"}</th>
                    <th>Profile</th>
                    <th>Identifier</th>
                    <th style={{ width: 150 }}>Linked</th>
                  </tr>
                </thead>
                <tbody>
                  {links.map(({ to, createdAt }) => {
                    const [id] = nodes(to.externalIds)
                    const name = nameOf(nodes(to.traits))
                    return (
                      <tr key={to.segmentId}>
                        <td>
                          <Link
                            className="row who"
                            to="/s/$space/profiles/$id/$tab"
                            params={{ space: slug, id: to.segmentId, tab: "overview" }}
                          >
                            <Avatar name={name} small />
                            <span className="b el">{name}</span>
                          </Link>
                        </td>
                        <td>
                          <ProfileId id={to.segmentId} />
                        </td>
                        <td>{id === undefined ? "" : <Identifier of={{ ...id, collection: to.collection }} />}</td>
                        <td className="q" title={exact(createdAt)}>
                          {ago(createdAt)}
                        </td>
                      </tr>
                    )
                  })}
                </tbody>
              </table>
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}

const kindTitles: Readonly<Record<string, string>> = {
  CREATED: "Created",
  IDENTIFIER_MAPPED: "Identifier mapped",
  DEMOTED: "Demoted",
  VIOLATION: "Not used",
  MERGED: "Merged",
  SPLIT: "Split",
  UNMERGED: "Merge undone",
  IDENTIFIER_REMOVED: "Identifier removed",
  SEPARATED: "Kept apart",
  LIFTED: "May merge again"
}

export const HistoryTab = ({ of }: { readonly of: ProfileRef }) => {
  const query = useData(profileHistory, of)
  return (
    <section className="card grow" aria-label="History">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={12}>
          {({ profile }) => (
            <table>
              <thead>
                <tr>
                  <th style={{ width: 130 }}>When</th>
                  <th style={{ width: 140 }}>What</th>
                  <th>How it came</th>
                  <th style={{ width: 120 }}>By</th>
                </tr>
              </thead>
              <tbody>
                {(profile === null ? [] : nodes(profile.history)).toReversed().map((entry) => (
                  <tr key={entry.id}>
                    <td className="m q" title={exact(entry.at)}>
                      {moment(entry.at)}
                    </td>
                    <td className={entry.kind === "DEMOTED" || entry.kind === "VIOLATION" ? "warn b" : "b"}>
                      {kindTitles[entry.kind] ?? entry.kind}
                    </td>
                    <td className="text">{entry.text}</td>
                    <td className="q2">
                      {entry.messageId === null ? entry.actor : <ExplainLink messageId={entry.messageId} />}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </QueryView>
      </div>
    </section>
  )
}

export const ViolationsTab = ({ of }: { readonly of: ProfileRef }) => {
  // Once: the range would otherwise be another one with every rendering.
  const [range] = useState(() => ({ from: new Date(Date.now() - rangeMs["30d"]).toISOString() }))
  const query = useData(profileViolations, { ...of, range })
  return (
    <section className="card grow" aria-label="Violations">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ profile }) => {
            const records = profile === null ? [] : nodes(profile.violations)
            return records.length === 0 ? (
              <Empty title="Every identifier was used">
                None was demoted or blocked on an event of this profile in 30 days.
              </Empty>
            ) : (
              <InsightTable records={records} />
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}
