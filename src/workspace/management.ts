/**
 * What people change through the API: each function is one change, audited under the name of who asks, and seen by this
 * process when it is done. Who may ask is decided by the caller. What is refused is a `ChangeRefused`.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { type Change, changeWorkspace } from "./changes.ts"
import { connectSources, disconnectSource, readConnectable, readConnections } from "./manage-connections.ts"
import { createFilter, deleteFilter, readFilters, setFilterEnabled } from "./manage-filters.ts"
import { changeEventFilters, readEventFilters, setEventFilters } from "./manage-event-filters.ts"
import { createLabel, deleteLabel, readLabels } from "./manage-labels.ts"
import {
  addApplicationKey,
  connectApplication,
  createApplication,
  deleteApplication,
  disconnectApplication,
  enforceOAuth,
  readApplications,
  removeApplicationKey,
  revokeAccessToken,
  updateApplication
} from "./manage-oauth.ts"
import {
  createSource,
  deleteSource,
  readSources,
  setSourceLabels,
  updateSource,
  type WithSource
} from "./manage-sources.ts"
import { createSpace, readSpaceDetails, setConnectionPolicy, updateSpace } from "./manage-spaces.ts"
import { createToken, findToken, readTokens, revokeToken } from "./manage-tokens.ts"
import { addWriteKey, removeWriteKey } from "./manage-write-keys.ts"
import { Workspace } from "./workspace.ts"

export const makeManagement = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const { spaceQuota } = yield* Settings

  /** The body of a change, with who asks in front of its arguments. */
  const asChange =
    <Args extends ReadonlyArray<unknown>, A, E>(body: (change: Change, ...args: Args) => Effect.Effect<A, E>) =>
    (actor: string, ...args: Args): Effect.Effect<A, E | SqlError.SqlError> =>
      Effect.tap(
        changeWorkspace(sql, actor, (change) => body(change, ...args)),
        workspace.refresh
      )

  const reading =
    <Args extends ReadonlyArray<unknown>, A, E>(read: (client: typeof sql, ...args: Args) => Effect.Effect<A, E>) =>
    (...args: Args): Effect.Effect<A, E> =>
      read(sql, ...args)

  return {
    /** 0 = unlimited. */
    spaceQuota,
    createSpace: asChange((change, space: Parameters<typeof createSpace>[2]) => createSpace(change, spaceQuota, space)),
    updateSpace: asChange(updateSpace),
    setConnectionPolicy: asChange(setConnectionPolicy),
    connectSources: asChange(connectSources),
    disconnectSource: asChange(disconnectSource),
    createFilter: asChange(createFilter),
    setFilterEnabled: asChange(setFilterEnabled),
    deleteFilter: asChange(deleteFilter),
    createToken: asChange(createToken),
    revokeToken: asChange(revokeToken),
    createLabel: asChange(createLabel),
    deleteLabel: asChange(deleteLabel),
    createSource: asChange(createSource),
    updateSource: asChange(updateSource),
    setSourceLabels: asChange(setSourceLabels),
    /** `dependents`: what other rooms keep of the source goes in the same transaction, e.g. its destinations. */
    deleteSource: <E = never>(actor: string, id: string, dependents?: WithSource<E>) =>
      Effect.tap(
        changeWorkspace(sql, actor, (change) => deleteSource(change, id, dependents)),
        workspace.refresh
      ),
    addWriteKey: asChange(addWriteKey),
    removeWriteKey: asChange(removeWriteKey),
    setEventFilters: asChange(setEventFilters),
    changeEventFilters: asChange(changeEventFilters),
    createApplication: asChange(createApplication),
    updateApplication: asChange(updateApplication),
    addApplicationKey: asChange(addApplicationKey),
    removeApplicationKey: asChange(removeApplicationKey),
    deleteApplication: asChange(deleteApplication),
    connectApplication: asChange(connectApplication),
    disconnectApplication: asChange(disconnectApplication),
    enforceOAuth: asChange(enforceOAuth),
    revokeAccessToken: asChange(revokeAccessToken),
    applications: reading(readApplications),
    sources: reading(readSources),
    eventFilters: reading(readEventFilters),
    spaceDetails: reading(readSpaceDetails),
    connections: reading(readConnections),
    connectable: reading(readConnectable),
    filters: reading(readFilters),
    tokens: reading(readTokens),
    token: reading(findToken),
    labels: reading(readLabels)
  }
})

export type Management = Effect.Success<typeof makeManagement>
