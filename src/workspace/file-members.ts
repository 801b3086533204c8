/** A configuration file taken apart: what is compared and applied on its own. In the order in which it is applied. */
import type { Configuration } from "./config-file.ts"
import { encodeSource } from "./stored.ts"

export type MemberKind =
  | "source"
  | "space"
  | "space.name"
  | "space.kind"
  | "space.rules"
  | "connection"
  | "token"
  | "limits"

export interface Member {
  readonly kind: MemberKind
  /** Of a connection `<space id> <source id>`; of a token the hash of its secret. */
  readonly id: string
  /** Changes exactly when the file says something else. */
  readonly value: string
}

export const connectionId = (space: string, source: string): string => `${space} ${source}`

export const membersOf = ({ sources, spaces, tokens, limits }: Configuration): ReadonlyArray<Member> => {
  const sourceIds = new Map(sources.map(({ id, slug }) => [slug, id]))
  return [
    ...sources.map((source): Member => ({ kind: "source", id: source.id, value: encodeSource(source) })),
    ...spaces.flatMap(({ id, slug, name, kind, rulesAsWritten }): ReadonlyArray<Member> => [
      { kind: "space", id, value: slug },
      { kind: "space.name", id, value: name },
      { kind: "space.kind", id, value: kind },
      // As written: a version of Braid with other defaults is no edit.
      { kind: "space.rules", id, value: rulesAsWritten! }
    ]),
    ...spaces.flatMap(({ id, sources }) =>
      sources.map((slug): Member => ({ kind: "connection", id: connectionId(id, sourceIds.get(slug)!), value: "" }))
    ),
    ...tokens.map(({ hash, name, space, scopes }): Member => ({
      kind: "token",
      id: hash,
      value: JSON.stringify([name, space, [...scopes].sort()])
    })),
    { kind: "limits", id: "", value: JSON.stringify(limits) }
  ]
}
