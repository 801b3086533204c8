/** Resolvers of `graphql/threads.graphql`. The picture is made in `threads.ts`. */
import type { MergeNode } from "../identity/operations/history.ts"
import { lineageOf } from "../identity/operations/history.ts"
import { isMasked } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import { withOtherIds } from "./masking/masked-model.ts"
import { foundOf, identifierFields, type ProfileNode, type RequestContext, sourceIdOf } from "./resolvers.ts"
import type { Thread } from "./threads.ts"
import { isoTime } from "./order.ts"

const threads = async (node: ProfileNode, { maxColumns }: { maxColumns?: number | null }, context: RequestContext) => {
  const most = maxColumns ?? 400
  if (most < 1 || most > 400) throw graphqlError("VALIDATION_FAILED", "`maxColumns` is from 1 to 400.")
  const { services, readSpace, access } = context
  const picture = await services.run(services.threads(readSpace, await foundOf(node, context), most))
  return isMasked(access) ? { ...picture, threads: withOtherIds(readSpace.id, picture.threads) } : picture
}

interface Tree {
  readonly segmentId: string
  readonly merge: object | null
  readonly merged: ReadonlyArray<Tree>
}

const treeOf = ({ segmentId, merge, merged }: MergeNode): Tree => ({
  segmentId,
  merge:
    merge === null
      ? null
      : {
          id: merge.id,
          at: isoTime(merge.at),
          messageId: merge.eventType === "operation" ? null : merge.messageId,
          eventType: merge.eventType,
          eventName: merge.eventName,
          rulesVersion: merge.rulesVersion
        },
  merged: merged.map(treeOf)
})

const mergeTree = async (node: ProfileNode, _: unknown, context: RequestContext) => {
  const [found, merges] = await Promise.all([foundOf(node, context), context.loaders.merges.load(node.no)])
  return treeOf(lineageOf(found, merges, found.segmentId).tree)
}

export const threadResolvers = {
  Profile: { threads, mergeTree },
  Thread: {
    id: identifierFields.id,
    addedAt: ({ createdAt }: Thread) => createdAt,
    firstMessageId: ({ messageId }: Thread) => messageId,
    sourceId: sourceIdOf
  }
}
