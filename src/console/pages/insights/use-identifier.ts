/** What a person pasted as an identifier: written as `type:value`, or found out by the search (an id, a phone, a segment id, a name). */
import { nodes, useData, useSpace } from "../../api/hooks.ts"
import { identifierIn } from "../../url-state.ts"
import { family, type Family, nameOf } from "../../words.ts"
import { identifierSearch } from "./insights.gql.ts"

export interface Named {
  readonly type: string
  readonly id: string
}

export interface Candidate extends Named {
  /** Of the profile that holds it. */
  readonly name: string
  readonly segmentId: string
}

export interface Asked {
  readonly text: string
  readonly looking: boolean
  readonly error: Error | null
  /** Undefined: not found out, or several are meant. */
  readonly identifier: Named | undefined
  /** Profiles that may be meant, each by the identifier that tells most. */
  readonly candidates: ReadonlyArray<Candidate>
}

/** Identifiers that tell people most come first. */
const order: ReadonlyArray<Family> = ["account", "contact", "group", "device", "cookie"]
const telling = ({ type }: Named) => order.indexOf(family(type))

export const useIdentifier = (text: string | undefined): Asked => {
  const { id: space } = useSpace()
  const written = text === undefined ? undefined : identifierIn(text)
  const asks = text !== undefined && written === undefined
  const { data, error, isLoading } = useData(identifierSearch, { space, text: text ?? "" }, { enabled: asks })
  const found = asks ? data?.search : undefined
  const candidates = (found?.hits ?? []).flatMap(({ profile, spaceId }) => {
    if (profile === null || spaceId !== space) return []
    const [best] = nodes(profile.externalIds).toSorted((a, b) => telling(a) - telling(b))
    return best === undefined
      ? []
      : [{ type: best.type, id: best.id, name: nameOf(nodes(profile.traits)), segmentId: profile.segmentId }]
  })
  const meant = found?.identifier ?? (candidates.length === 1 ? candidates[0] : undefined)
  return {
    text: text ?? "",
    looking: asks && isLoading,
    error: asks ? error : null,
    identifier: written ?? (meant === undefined ? undefined : { type: meant.type, id: meant.id }),
    candidates
  }
}
