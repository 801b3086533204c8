/**
 * Pages of links. The graph reads links forwards; to page backwards they are walked from the front in large steps and
 * only the last ones before the cursor are kept, so memory stays small, but an account with very many users takes
 * one read per `step` of them.
 */
import type DataLoader from "dataloader"
import type { LinkedProfile } from "../identity/graph.ts"
import type { ProfileNo } from "../identity/model.ts"
import { type Connection, connectionOf, type Window } from "./connection.ts"
import type { LinkCursor } from "./cursors.ts"
import type { LinksPage, LinksRequest } from "./loaders.ts"

const step = 1_000

const compare = (a: LinkCursor, b: LinkCursor): number => a.createdAt - b.createdAt || a.position - b.position

export const pageOfLinks = async (
  loader: DataLoader<LinksRequest, LinksPage, string>,
  profile: ProfileNo,
  { backward, limit, after, before }: Window<LinkCursor>,
  encode: (link: LinkedProfile) => string
): Promise<Connection<LinkedProfile>> => {
  const isBefore = (link: LinkedProfile) => before === null || compare(link, before) < 0
  if (!backward) {
    const { links, total } = await loader.load({ profile, after, limit: limit + 1 })
    const page = links.slice(0, limit).filter(isBefore)
    return connectionOf(page, encode, after !== null, links.length > page.length, total)
  }
  let kept: Array<LinkedProfile> = []
  let from = after
  let skipped = after !== null
  while (true) {
    const { links, total } = await loader.load({ profile, after: from, limit: step })
    const found = links.filter(isBefore)
    kept.push(...found)
    if (kept.length > limit) {
      skipped = true
      kept = kept.slice(-limit)
    }
    if (links.length < step || found.length < links.length) {
      return connectionOf(kept, encode, skipped, before !== null, total)
    }
    from = links.at(-1)!
  }
}
