/** From a decoded configuration and the numbers of its sources to the snapshot that the rest of Braid reads. */
import type { Configuration } from "./configured.ts"
import type { AccessToken, Source, Space, WorkspaceSnapshot } from "./workspace.ts"

/**
 * `numbers` holds the number of every source there ever was, so that events of a source that has left the file
 * still name it: such sources are in `sourceByNo` only, disabled.
 */
export const toSnapshot = (configuration: Configuration, numbers: ReadonlyMap<string, number>): WorkspaceSnapshot => {
  const sources = configuration.sources.map((source): Source => ({ ...source, no: numbers.get(source.id)! }))
  const bySlug = new Map(sources.map((source) => [source.slug, source]))
  const byNo = new Map<number, Source>()
  for (const [id, no] of numbers) {
    byNo.set(no, { no, id, slug: id, name: id, kind: "http", writeKeys: [], enabled: false })
  }
  for (const source of sources) byNo.set(source.no, source)
  const spaces = configuration.spaces.map(({ id, slug, name, kind, rules, filters, connections, sources }): Space => ({
    id,
    slug,
    name,
    kind,
    sources: sources.map((slug) => bySlug.get(slug)!),
    rules,
    filters: filters ?? [],
    ...(connections === undefined
      ? undefined
      : { connections: connections.map((each) => ({ ...each, source: bySlug.get(each.source)!.no })) })
  }))
  const spaceIds = new Map(spaces.map((space) => [space.slug, space.id]))
  return {
    sources,
    sourceByNo: byNo,
    sourceByWriteKey: new Map(sources.flatMap((source) => source.writeKeys.map((key) => [key, source] as const))),
    spaces,
    spaceById: new Map(spaces.map((space) => [space.id, space])),
    tokenByHash: new Map(
      configuration.tokens.map(({ id, hash, name, scopes, space }): readonly [string, AccessToken] => [
        hash,
        { id: id ?? hash, name, spaceId: space === null ? null : spaceIds.get(space)!, scopes }
      ])
    ),
    limits: configuration.limits,
    ...(configuration.oauth === undefined ? undefined : { oauth: configuration.oauth })
  }
}
