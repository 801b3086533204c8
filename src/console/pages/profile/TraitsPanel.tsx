/** Traits by class, with their values. */
import { nodes, useData } from "../../api/hooks.ts"
import { ProfileLink } from "../../parts/Identity.tsx"
import { QueryView } from "../../parts/States.tsx"
import { ago, valueText } from "../../words.ts"
import { profileTraits } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { NoTraits } from "./Traits.tsx"

const classTitles = [
  ["CUSTOM", "Custom"],
  ["COMPUTED_TRAIT", "Computed"],
  ["SQL_TRAIT", "SQL"],
  ["AUDIENCE", "Audiences"]
] as const

export const TraitsPanel = ({ of }: { readonly of: ProfileRef }) => {
  const query = useData(profileTraits, of, { every: 15_000 })
  return (
    <section className="card" aria-labelledby="traits-h">
      <h2 className="h" id="traits-h">
        Traits
        <span className="r">
          <ProfileLink className="acc" id={of.id} tab="traits">
            All, with source
          </ProfileLink>
        </span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query}>
          {({ profile }) => {
            const traits = profile === null ? [] : nodes(profile.traits)
            if (traits.length === 0) return <NoTraits />
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
