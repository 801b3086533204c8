/**
 * What a configuration file changes: it is taken apart into members, each is compared with what the file said last time
 * (a hash per member), and only what differs is applied. So a restart without an edit reverts nothing that people changed
 * through the API, and an edit of one member leaves the others as they are.
 *
 * - What has left the file is removed when it came from the file; what was made through the API is never touched.
 * - What a path or a schema name was built on cannot change: slugs (IDR-3, ING-114), kinds of sources (ING-114).
 * - A file that declares what was made through the API is refused.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { sha256Hex } from "../platform/hash.ts"
import { texts } from "../platform/sql-arrays.ts"
import { type Change, changeWorkspace } from "./changes.ts"
import type { Configuration } from "./configured.ts"
import { problemsWith } from "./file-problems.ts"
import { type Member, memberKinds, membersOf } from "./file-members.ts"
import { applyMember, removeMember } from "./file-objects.ts"
import { applySource, type Origin } from "./file-source-objects.ts"
import { ConfigFileInvalid } from "./workspace.ts"

/** Actor of everything that the file changes. */
export const fileActor = "configuration file"

const keyOf = ({ kind, id }: Pick<Member, "kind" | "id">): string => `${kind} ${id}`

const order = ({ kind }: Pick<Member, "kind">): number => memberKinds.indexOf(kind)

const remember = (sql: PgClient.PgClient, changed: ReadonlyArray<Member>, hashes: ReadonlyMap<string, string>) =>
  sql`insert into file_objects (kind, id, hash)
    select * from unnest(${texts(changed.map(({ kind }) => kind))}, ${texts(changed.map(({ id }) => id))},
      ${texts(changed.map((member) => hashes.get(keyOf(member))!))})
    on conflict (kind, id) do update set hash = excluded.hash`

const forget = (sql: PgClient.PgClient, gone: ReadonlyArray<Pick<Member, "kind" | "id">>) =>
  sql`delete from file_objects f using unnest(${texts(gone.map(({ kind }) => kind))}, ${texts(gone.map(({ id }) => id))}) as g (kind, id)
    where f.kind = g.kind and f.id = g.id`

/** Everything that is not so already, one source after the other with all of its members. */
export const applyMembers = Effect.fnUntraced(function* (
  change: Change,
  configuration: Configuration,
  members: ReadonlyArray<Member>,
  origin: Origin
) {
  const ofSources = Map.groupBy(
    members.filter(({ kind }) => kind === "source" || kind.startsWith("source.")),
    ({ id }) => id
  )
  for (const member of members) {
    const together = ofSources.get(member.id)
    if (together?.includes(member) !== true) yield* applyMember(change, configuration, member, origin)
    else if (together[0] === member) {
      const source = configuration.sources.find(({ id }) => id === member.id)!
      yield* applySource(change, source, new Set(together.map(({ kind }) => kind)), origin)
    }
  }
})

const apply = Effect.fnUntraced(function* (change: Change, configuration: Configuration) {
  const { sql } = change
  const members = membersOf(configuration)
  const hashes = new Map(members.map((member) => [keyOf(member), sha256Hex(member.value)]))
  const before = yield* sql<{ kind: Member["kind"]; id: string; hash: string }>`select kind, id, hash from file_objects`
  const known = new Map(before.map((row) => [keyOf(row), row.hash]))
  const changed = members.filter((member) => known.get(keyOf(member)) !== hashes.get(keyOf(member)))
  const gone = before.filter((row) => !hashes.has(keyOf(row))).sort((a, b) => order(b) - order(a))
  // Names that something in the file gives up may be taken by something else in it.
  for (const row of gone) yield* removeMember(change, row)
  yield* applyMembers(change, configuration, changed, "file")
  if (gone.length > 0) yield* forget(sql, gone)
  if (changed.length > 0) yield* remember(sql, changed, hashes)
})

/** Applies what the file has changed since the last time, as one audited change. Refused: nothing is applied. */
export const applyFile = (
  sql: PgClient.PgClient,
  file: string,
  configuration: Configuration
): Effect.Effect<void, ConfigFileInvalid | SqlError.SqlError> =>
  changeWorkspace(sql, fileActor, (change) =>
    Effect.gen(function* () {
      const problems = yield* problemsWith(sql, configuration, "file")
      if (problems.length > 0) return yield* new ConfigFileInvalid({ file, problems })
      yield* apply(change, configuration)
    })
  )
