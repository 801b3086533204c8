/** Which identifiers, from where, how near their limits; what was merged in; who belongs together. */
import { useState } from "react"
import { nodes, useData, useMay } from "../../api/hooks.ts"
import { familyClass, Identifier, Meter, ProfileId, ProfileLink } from "../../parts/Identity.tsx"
import { QueryView } from "../../parts/States.tsx"
import { count, day, exact, nameOf, plural, windowText } from "../../words.ts"
import { NoIdentifier } from "./Identities.tsx"
import { profileIdentities, type ProfileIdentitiesData } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { UndoMerge } from "./UndoMerge.tsx"

type Identities = NonNullable<ProfileIdentitiesData["profile"]>
type ExternalId = Identities["externalIds"]["edges"][number]["node"]
type RuleLine = NonNullable<NonNullable<ProfileIdentitiesData["space"]>["rules"]>["identifiers"][number]

interface TypeGroup {
  readonly type: string
  /** Of all; `ids` may be the first of them. */
  readonly count: number
  readonly rule: RuleLine | undefined
  readonly ids: ReadonlyArray<ExternalId>
}

/** By type, in the order of the rules. */
const groupsOf = (profile: Identities, rules: ReadonlyArray<RuleLine>, collection: string) => {
  const byType = Map.groupBy(nodes(profile.externalIds), ({ type }) => type)
  const place = (type: string) => {
    const at = rules.findIndex((rule) => rule.type === type && rule.collection === collection)
    return at === -1 ? rules.length : at
  }
  return profile.identifierCounts
    .map(({ type, count }): TypeGroup => ({
      type,
      count,
      rule: rules.find((rule) => rule.type === type && rule.collection === collection),
      ids: byType.get(type) ?? []
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
  const { type, rule, ids, count: all } = group
  const shown = Math.min(shownValues, ids.length)
  const held = rule === undefined ? count(all) : `${all} / ${rule.limit} ${windowText(rule.window)}`
  return (
    <div className={`grp ${familyClass({ type, collection })}`}>
      <div className="t">
        <b>{type}</b>
        {rule === undefined ? <span /> : <Meter value={all} of={rule.limit} label={`${type}: ${held}`} />}
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
      {all > shown ? (
        <ProfileLink className="acc lbl" id={of.id} tab="identities">
          {shown === 0 ? plural(all, "value") : `and ${count(all - shown)} more`}
        </ProfileLink>
      ) : undefined}
    </div>
  )
}

export const IdentityPanel = ({ of }: { readonly of: ProfileRef }) => {
  const may = useMay("admin")
  const query = useData(profileIdentities, of)
  const [undoing, setUndoing] = useState<string | undefined>()
  return (
    <section className="card" aria-labelledby="identity-h">
      <h2 className="h" id="identity-h">
        Identity
        <span className="r">
          <ProfileLink className="acc" id={of.id} tab="graph">
            Open graph
          </ProfileLink>
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
                {groupsOf(profile, space?.rules?.identifiers ?? [], of.collection).map((group) => (
                  <Group key={group.type} group={group} of={of} collection={of.collection} />
                ))}
                {profile.externalIds.totalCount === 0 ? <NoIdentifier /> : undefined}
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
                        <ProfileLink className="row merge" key={to.segmentId} id={to.segmentId}>
                          {id === undefined ? undefined : <Identifier of={{ ...id, collection: to.collection }} />}
                          <span className="lbl el">{nameOf(nodes(to.traits))}</span>
                        </ProfileLink>
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
