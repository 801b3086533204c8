/** A profile at a glance: which identifiers and how near their limits, what happened last, which traits. */
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import { nodes, useData, useMay, useSpace } from "../api/hooks.ts"
import { familyClass, Identifier, Meter, ProfileId } from "../parts/Identity.tsx"
import { Empty, QueryView } from "../parts/States.tsx"
import { eventTypes } from "../url-state.ts"
import { ago, clock, count, day, exact, nameOf, plural, valueText, windowText } from "../words.ts"
import {
  profileEvents,
  profileHistory,
  profileIdentities,
  type ProfileIdentitiesData,
  profileTraits
} from "./profile.gql.ts"
import type { ProfileRef } from "./Profile.tsx"
import { useSources } from "./sources.ts"
import { timeline, type TimelineEntry } from "./timeline.ts"
import { UndoMerge } from "./UndoMerge.tsx"

type Identities = NonNullable<ProfileIdentitiesData["profile"]>
type ExternalId = Identities["externalIds"]["edges"][number]["node"]
type RuleLine = NonNullable<NonNullable<ProfileIdentitiesData["space"]>["rules"]>["identifiers"][number]

interface TypeGroup {
  readonly type: string
  readonly rule: RuleLine | undefined
  readonly ids: ReadonlyArray<ExternalId>
}

/** By type, in the order of the rules. */
const groupsOf = (ids: ReadonlyArray<ExternalId>, rules: ReadonlyArray<RuleLine>, collection: string) => {
  const byType = Map.groupBy(ids, ({ type }) => type)
  const place = (type: string) => {
    const at = rules.findIndex((rule) => rule.type === type && rule.collection === collection)
    return at === -1 ? rules.length : at
  }
  return [...byType]
    .map(([type, group]): TypeGroup => ({
      type,
      rule: rules.find((rule) => rule.type === type && rule.collection === collection),
      ids: group
    }))
    .sort((a, b) => place(a.type) - place(b.type))
}

/** Values of a type that are shown before "and n more". */
const shownValues = 5

const Group = ({
  group,
  of,
  collection
}: {
  readonly group: TypeGroup
  readonly of: ProfileRef
  readonly collection: string
}) => {
  const { slug } = useSpace()
  const { type, rule, ids } = group
  const held = rule === undefined ? count(ids.length) : `${ids.length} / ${rule.limit} ${windowText(rule.window)}`
  return (
    <div className={`grp ${familyClass({ type, collection })}`}>
      <div className="t">
        <b>{type}</b>
        {rule === undefined ? <span /> : <Meter value={ids.length} of={rule.limit} label={`${type}: ${held}`} />}
        <span className="lbl">{held}</span>
      </div>
      {ids.slice(0, shownValues).map((each) => (
        <div className="v" key={each.mappingId}>
          <span className="m el" title={`${type}:${each.id}`}>
            {each.id}
          </span>
          <span className="lbl el" title={exact(each.addedAt)}>
            {day(each.addedAt)}
            {each.sourceName === null ? "" : `, ${each.sourceName}`}
          </span>
        </div>
      ))}
      {ids.length > shownValues ? (
        <Link
          className="acc lbl"
          to="/s/$space/profiles/$id/$tab"
          params={{ space: slug, id: of.id, tab: "identities" }}
        >
          and {ids.length - shownValues} more
        </Link>
      ) : undefined}
    </div>
  )
}

const IdentityPanel = ({ of }: { readonly of: ProfileRef }) => {
  const { slug } = useSpace()
  const may = useMay("admin")
  const query = useData(profileIdentities, of)
  const [undoing, setUndoing] = useState<string | undefined>()
  return (
    <section className="card" aria-labelledby="identity-h">
      <h2 className="h" id="identity-h">
        Identity
        <span className="r">
          <Link className="acc" to="/s/$space/profiles/$id/$tab" params={{ space: slug, id: of.id, tab: "graph" }}>
            Open graph
          </Link>
        </span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query}>
          {({ profile, space }) => {
            if (profile === null) return undefined
            const merges = nodes(profile.merges)
            const links = nodes(profile.links)
            return (
              <>
                {groupsOf(nodes(profile.externalIds), space?.rules?.identifiers ?? [], of.collection).map((group) => (
                  <Group key={group.type} group={group} of={of} collection={of.collection} />
                ))}
                {profile.externalIds.totalCount === 0 ? (
                  <Empty title="No identifier left">They were removed; traits and events stay.</Empty>
                ) : undefined}
                {merges.length > 0 ? (
                  <div className="grp">
                    <div className="row sub-h">
                      <b>Merged in</b>
                      <span className="ml lbl">{plural(profile.merges.totalCount, "profile")}</span>
                    </div>
                    {merges
                      .toReversed()
                      .slice(0, 6)
                      .map((merge) => (
                        <div className="row merge" key={merge.id}>
                          <ProfileId id={merge.from} other />
                          <span className="lbl el" title={exact(merge.at)}>
                            {day(merge.at)}
                          </span>
                          {merge.active && may ? (
                            <button className="acc ml" type="button" onClick={() => setUndoing(merge.id)}>
                              Undo merge…
                            </button>
                          ) : undefined}
                          {merge.active ? undefined : <span className="lbl ml">undone</span>}
                        </div>
                      ))}
                  </div>
                ) : undefined}
                {links.length > 0 ? (
                  <div className="grp">
                    <div className="row sub-h">
                      <b>{of.collection === "USERS" ? "Accounts" : "Users"}</b>
                      <span className="ml lbl">{count(profile.links.totalCount)} linked</span>
                    </div>
                    {links.slice(0, 4).map(({ to }) => {
                      const [id] = nodes(to.externalIds)
                      return (
                        <Link
                          className="row merge"
                          key={to.segmentId}
                          to="/s/$space/profiles/$id/$tab"
                          params={{ space: slug, id: to.segmentId, tab: "overview" }}
                        >
                          {id === undefined ? undefined : <Identifier of={{ ...id, collection: to.collection }} />}
                          <span className="lbl el">{nameOf(nodes(to.traits))}</span>
                        </Link>
                      )
                    })}
                  </div>
                ) : undefined}
              </>
            )
          }}
        </QueryView>
      </div>
      {undoing === undefined ? undefined : <UndoMerge merge={undoing} onClose={() => setUndoing(undefined)} />}
    </section>
  )
}

const Entry = ({
  entry,
  sourceName
}: {
  readonly entry: TimelineEntry
  readonly sourceName: (id: string) => string
}) => {
  const { slug } = useSpace()
  const title = <span className="b">{entry.title}</span>
  return (
    <div className={`ev ${entry.identity ? "hi" : ""} ${entry.warning ? "wa" : ""}`}>
      <span className="m s q" title={exact(entry.at)}>
        {clock(entry.at)}
      </span>
      <i className="k" />
      <span className="el">
        {entry.messageId === null ? (
          title
        ) : (
          <Link to="/s/$space/explain/$messageId" params={{ space: slug, messageId: entry.messageId }}>
            {title}
          </Link>
        )}{" "}
        {entry.other === undefined ? undefined : <ProfileId id={entry.other} other />}
        {entry.detail === undefined ? undefined : <span className="q">{entry.detail}</span>}
      </span>
      <span className="src el">
        {entry.by === undefined ? (entry.sourceId === undefined ? "" : sourceName(entry.sourceId)) : `by ${entry.by}`}
      </span>
      {entry.identifiers.length === 0 ? undefined : (
        <div className="hx">
          {entry.identifiers.map((each) => (
            <Identifier key={`${each.type}:${each.id}`} of={each} how={each.how} />
          ))}
        </div>
      )}
    </div>
  )
}

const TimelinePanel = ({ of }: { readonly of: ProfileRef }) => {
  const [shown, setShown] = useState<"all" | "events" | "identity">("all")
  const events = useData(profileEvents, { ...of, types: eventTypes }, { every: 15_000 })
  const history = useData(profileHistory, of, { every: 15_000 })
  const sourceName = useSources()
  const toggles = [
    ["all", "All"],
    ["events", "Events"],
    ["identity", "Identity"]
  ] as const
  return (
    <section className="card" aria-labelledby="timeline-h">
      <h2 className="h" id="timeline-h">
        Timeline
        <span className="r">
          {toggles.map(([key, title]) => (
            <button className="tok" type="button" key={key} aria-pressed={shown === key} onClick={() => setShown(key)}>
              {title}
            </button>
          ))}
        </span>
      </h2>
      <div className="scroll tl" tabIndex={0}>
        <QueryView query={history}>
          {(told) => (
            <QueryView query={events}>
              {(came) => {
                const days = timeline(
                  shown === "identity" || came.profile === null ? [] : nodes(came.profile.events),
                  shown === "events" || told.profile === null ? [] : nodes(told.profile.history)
                )
                if (days.length === 0)
                  return <Empty title="Nothing in the last 14 days">What happened before is in History.</Empty>
                return days.map(({ title, entries }) => (
                  <section key={title} aria-label={title}>
                    <h3 className="day">
                      {title} <span className="lbl">{plural(entries.length, "entry", "entries")}</span>
                    </h3>
                    {entries.map((entry) => (
                      <Entry key={entry.key} entry={entry} sourceName={sourceName} />
                    ))}
                  </section>
                ))
              }}
            </QueryView>
          )}
        </QueryView>
      </div>
    </section>
  )
}

const classTitles = [
  ["CUSTOM", "Custom"],
  ["COMPUTED_TRAIT", "Computed"],
  ["SQL_TRAIT", "SQL"],
  ["AUDIENCE", "Audiences"]
] as const

const TraitsPanel = ({ of }: { readonly of: ProfileRef }) => {
  const { slug } = useSpace()
  const query = useData(profileTraits, of, { every: 15_000 })
  return (
    <section className="card" aria-labelledby="traits-h">
      <h2 className="h" id="traits-h">
        Traits
        <span className="r">
          <Link className="acc" to="/s/$space/profiles/$id/$tab" params={{ space: slug, id: of.id, tab: "traits" }}>
            All, with source
          </Link>
        </span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query}>
          {({ profile }) => {
            const traits = profile === null ? [] : nodes(profile.traits)
            if (traits.length === 0)
              return <Empty title="No traits yet">They come with identify and group calls.</Empty>
            return classTitles.map(([key, title]) => {
              const own = traits.filter((trait) => trait.class === key)
              return own.length === 0 ? undefined : (
                <section key={key} aria-label={title}>
                  <h3 className="lbl tr-h">{title}</h3>
                  <dl>
                    {own.map((trait) => (
                      <div
                        className="tr"
                        key={trait.key}
                        title={`${trait.sourceName ?? "unknown source"}, ${ago(trait.updatedAt)}`}
                      >
                        <dt className="q2 el">{trait.key}</dt>
                        <dd
                          className={`m el ${typeof trait.value === "string" ? "" : "number"}`}
                          title={valueText(trait.value)}
                        >
                          {valueText(trait.value)}
                        </dd>
                      </div>
                    ))}
                  </dl>
                </section>
              )
            })
          }}
        </QueryView>
      </div>
    </section>
  )
}

export const Overview = ({ of }: { readonly of: ProfileRef }) => (
  <div className="three">
    <IdentityPanel of={of} />
    <TimelinePanel of={of} />
    <TraitsPanel of={of} />
  </div>
)
