/** The members of a configuration file, in the order in which they are applied; they are removed in the reverse order. */
import type { Configuration, ConfiguredSource } from "./configured.ts"

export const memberKinds = [
  "label",
  "application",
  "source",
  "source.name",
  "source.keys",
  "source.enabled",
  "source.labels",
  "source.settings",
  "source.blocked",
  "source.oauth",
  "space",
  "space.name",
  "space.kind",
  "space.rules",
  "space.policy",
  "space.filters",
  "connection",
  "token",
  "limits"
] as const
export type MemberKind = (typeof memberKinds)[number]

export interface Member {
  readonly kind: MemberKind
  /** Of a connection `<space id> <source id>`; of a token the hash of its secret. */
  readonly id: string
  /** Changes exactly when the file says something else. */
  readonly value: string
}

export const connectionId = (space: string, source: string): string => `${space} ${source}`

const ofSource = (source: ConfiguredSource): ReadonlyArray<Member> => {
  const { id, slug, name, kind, writeKeys, enabled, labels = [], settings, blocked, oauth } = source
  const optional = (kind: MemberKind, value: unknown): ReadonlyArray<Member> =>
    value === undefined ? [] : [{ kind, id, value: JSON.stringify(value) }]
  return [
    { kind: "source", id, value: JSON.stringify([slug, kind]) },
    { kind: "source.name", id, value: name },
    { kind: "source.keys", id, value: JSON.stringify(writeKeys) },
    { kind: "source.enabled", id, value: String(enabled) },
    { kind: "source.labels", id, value: JSON.stringify(labels) },
    ...optional("source.settings", settings),
    ...optional("source.blocked", blocked),
    ...optional("source.oauth", oauth)
  ]
}

export const membersOf = ({
  sources,
  spaces,
  tokens,
  limits,
  labels = [],
  applications = []
}: Configuration): ReadonlyArray<Member> => {
  const sourceIds = new Map(sources.map(({ id, slug }) => [slug, id]))
  return [
    ...labels.map(({ label, description }): Member => ({ kind: "label", id: label, value: description ?? "" })),
    ...applications.map(({ id, ...application }): Member => ({
      kind: "application",
      id,
      value: JSON.stringify(application)
    })),
    ...sources.flatMap(ofSource),
    ...spaces.flatMap(({ id, slug, name, kind, rulesAsWritten, policy, declaredFilters }): ReadonlyArray<Member> => [
      { kind: "space", id, value: slug },
      { kind: "space.name", id, value: name },
      { kind: "space.kind", id, value: kind },
      // As written: a version of Braid with other defaults is no edit.
      { kind: "space.rules", id, value: rulesAsWritten! },
      ...(policy === undefined ? [] : [{ kind: "space.policy", id, value: JSON.stringify(policy) } as const]),
      ...(declaredFilters === undefined
        ? []
        : [{ kind: "space.filters", id, value: JSON.stringify(declaredFilters) } as const])
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
