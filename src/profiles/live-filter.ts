/** Which messages of the debugger a reader asks for, and may see: those of the sources of the space. */
import type { LiveFilter } from "../debugger/reader.ts"
import type { Status } from "../debugger/seen.ts"
import type { Source } from "../workspace/workspace.ts"
import type { RequestContext } from "./resolvers.ts"
import { needPii } from "./space-access.ts"

export interface LiveFilterInput {
  readonly sourceIds?: ReadonlyArray<string> | null
  readonly statuses?: ReadonlyArray<Status> | null
  readonly types?: ReadonlyArray<string> | null
  readonly events?: ReadonlyArray<string> | null
  readonly messageId?: string | null
  readonly text?: string | null
}

/** A token of the workspace may name any source; without names it is about the space, too. */
export const visibleSources = (
  { access, snapshot, space }: Pick<RequestContext, "access" | "snapshot" | "space">,
  sourceIds: ReadonlyArray<string> | null | undefined
): ReadonlyArray<number> => {
  const own = snapshot().spaceById.get(space.id)?.sources ?? []
  const all = access.scopes.has("workspace:admin") && sourceIds != null ? snapshot().sources : own
  return all.filter(({ id }) => sourceIds == null || sourceIds.includes(id)).map(({ no }) => no)
}

/** One source by its id, if it may be seen. */
export const visibleSource = (
  context: Pick<RequestContext, "access" | "snapshot" | "space">,
  sourceId: string
): Source | undefined => {
  const [no] = visibleSources(context, [sourceId])
  return no === undefined ? undefined : context.snapshot().sourceByNo.get(no)
}

export const liveFilterOf = (
  input: LiveFilterInput | null | undefined,
  context: Pick<RequestContext, "access" | "snapshot" | "space">
): LiveFilter => {
  const text = input?.text == null || input.text === "" ? null : input.text
  if (text !== null) needPii(context, "Looking for a text in messages")
  return {
    sources: visibleSources(context, input?.sourceIds),
    statuses: input?.statuses ?? null,
    types: input?.types ?? null,
    events: input?.events ?? null,
    messageId: input?.messageId ?? null,
    text
  }
}
