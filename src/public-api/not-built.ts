/** Operations of Segment's Public API that Braid does not have yet (spec 08, section 2.2): they answer 501 with the envelope. */
import type { Version } from "./group.ts"

interface NotBuilt {
  readonly method: string
  readonly path: string
  readonly name: string
  readonly versions: ReadonlyArray<Version>
}

const listed = (versions: ReadonlyArray<Version>, lines: string): ReadonlyArray<NotBuilt> =>
  lines
    .trim()
    .split("\n")
    .map((line) => {
      const [method = "", path = "", name = ""] = line.trim().split(" ")
      return { method, path, name, versions }
    })

const stable = listed(
  ["v1", "v1beta", "v1alpha"],
  `
  GET /usage/api-calls/sources/daily getDailyPerSourceAPICallsUsage
  GET /usage/api-calls/daily getDailyWorkspaceAPICallsUsage
  GET /events/volume getEventsVolumeFromWorkspace
  POST /functions createFunction
  POST /functions/:functionId/deploy createFunctionDeployment
  DELETE /functions/:functionId deleteFunction
  GET /functions/:functionId getFunction
  GET /functions listFunctions
  PATCH /functions/:functionId updateFunction
  POST /groups/:userGroupId/permissions addPermissionsToUserGroup
  POST /groups/:userGroupId/users addUsersToUserGroup
  POST /groups createUserGroup
  DELETE /groups/:userGroupId deleteUserGroup
  GET /groups/:userGroupId getUserGroup
  GET /groups/:userGroupId/invites listInvitesFromUserGroup
  GET /groups listUserGroups
  GET /groups/:userGroupId/users listUsersFromUserGroup
  DELETE /group/:userGroupId/users removeUsersFromUserGroup
  PUT /groups/:userGroupId/permissions replacePermissionsForUserGroup
  PUT /group/:userGroupId/users replaceUsersInUserGroup
  PATCH /groups/:userGroupId updateUserGroup
  POST /users/:userId/permissions addPermissionsToUser
  POST /invites createInvites
  DELETE /invites deleteInvites
  DELETE /users deleteUsers
  GET /users/:userId getUser
  GET /invites listInvites
  GET /users/:userId/groups listUserGroupsFromUser
  GET /users listUsers
  PUT /users/:userId/permissions replacePermissionsForUser
  GET /usage/mtu/sources/daily getDailyPerSourceMTUUsage
  GET /usage/mtu/daily getDailyWorkspaceMTUUsage
  GET /warehouses/:warehouseId/advanced-sync-schedule getAdvancedSyncScheduleFromWarehouse
  GET /warehouses/:warehouseId/connected-sources/:sourceId/selective-syncs listSelectiveSyncsFromWarehouseAndSource
  GET /warehouses/:warehouseId/syncs listSyncsFromWarehouse
  GET /warehouses/:warehouseId/connected-sources/:sourceId/syncs listSyncsFromWarehouseAndSource
  PUT /warehouses/:warehouseId/advanced-sync-schedule replaceAdvancedSyncScheduleForWarehouse
  PATCH /warehouses/:warehouseId/selective-sync updateSelectiveSyncForWarehouse
  POST /tracking-plans/:trackingPlanId/sources addSourceToTrackingPlan
  POST /tracking-plans createTrackingPlan
  DELETE /tracking-plans/:trackingPlanId deleteTrackingPlan
  GET /tracking-plans/:trackingPlanId getTrackingPlan
  GET /tracking-plans/:trackingPlanId/rules listRulesFromTrackingPlan
  GET /tracking-plans/:trackingPlanId/sources listSourcesFromTrackingPlan
  GET /tracking-plans listTrackingPlans
  DELETE /tracking-plans/:trackingPlanId/rules removeRulesFromTrackingPlan
  DELETE /tracking-plans/:trackingPlanId/sources removeSourceFromTrackingPlan
  PUT /tracking-plans/:trackingPlanId/rules replaceRulesInTrackingPlan
  PATCH /tracking-plans/:trackingPlanId/rules updateRulesInTrackingPlan
  PATCH /tracking-plans/:trackingPlanId updateTrackingPlan
  POST /transformations createTransformation
  DELETE /transformations/:transformationId deleteTransformation
  GET /transformations/:transformationId getTransformation
  GET /transformations listTransformations
  PATCH /transformations/:transformationId updateTransformation
  POST /warehouses/:warehouseId/connected-sources/:sourceId addConnectionFromSourceToWarehouse
  POST /warehouses/validation createValidationInWarehouse
  POST /warehouses createWarehouse
  DELETE /warehouses/:warehouseId deleteWarehouse
  GET /warehouses/:warehouseId/connection-state getConnectionStateFromWarehouse
  GET /warehouses/:warehouseId getWarehouse
  GET /warehouses/:warehouseId/connected-sources listConnectedSourcesFromWarehouse
  GET /warehouses listWarehouses
  DELETE /warehouses/:warehouseId/connected-sources/:sourceId removeSourceConnectionFromWarehouse
  PATCH /warehouses/:warehouseId updateWarehouse
  `
)

const alpha = listed(
  ["v1alpha"],
  `
  GET /spaces/:spaceId/audiences/:id getAudience
  GET /spaces/:spaceId/audiences listAudiences
  DELETE /spaces/:spaceId/audiences/:id removeAudienceFromSpace
  PATCH /spaces/:spaceId/audiences/:id updateAudienceForSpace
  GET /spaces/:spaceId/computed-traits/:id getComputedTrait
  GET /spaces/:spaceId/computed-traits listComputedTraits
  DELETE /spaces/:spaceId/computed-traits/:id removeComputedTraitFromSpace
  PATCH /spaces/:spaceId/computed-traits/:id updateComputedTraitForSpace
  POST /sources/:sourceId/edge-functions createEdgeFunctions
  PATCH /sources/:sourceId/edge-functions/disable disableEdgeFunctions
  POST /sources/:sourceId/edge-functions/upload-url generateUploadURLForEdgeFunctions
  GET /sources/:sourceId/edge-functions/latest getLatestFromEdgeFunctions
  POST /insert-function-instances createInsertFunctionInstance
  DELETE /insert-function-instances/:instanceId deleteInsertFunctionInstance
  GET /functions/:functionId/versions/:versionId getFunctionVersion
  GET /insert-function-instances/:instanceId getInsertFunctionInstance
  GET /functions/:functionId/versions listFunctionVersions
  GET /insert-function-instances listInsertFunctionInstances
  POST /functions/:functionId/versions restoreFunctionVersion
  PATCH /insert-function-instances/:instanceId updateInsertFunctionInstance
  POST /spaces/:spaceId/profiles-warehouses createProfilesWarehouse
  GET /spaces/:spaceId/profiles-warehouses listProfilesWarehouseInSpace
  GET /spaces/:spaceId/profiles-warehouses/:warehouseId/selective-syncs listSelectiveSyncsFromWarehouseAndSpace
  DELETE /spaces/:spaceId/profiles-warehouses/:warehouseId removeProfilesWarehouseFromSpace
  PATCH /spaces/:spaceId/profiles-warehouses/:warehouseId updateProfilesWarehouseForSpaceWarehouse
  PATCH /spaces/:spaceId/profiles-warehouses/:warehouseId/selective-syncs updateSelectiveSyncForWarehouseAndSpace
  POST /reverse-etl-syncs createReverseETLManualSync
  POST /reverse-etl-models createReverseEtlModel
  DELETE /reverse-etl-models/:modelId deleteReverseEtlModel
  GET /reverse-etl-models/:modelId/syncs/:syncId getReverseETLSyncFromModel
  GET /reverse-etl-models/:modelId getReverseEtlModel
  GET /reverse-etl-models listReverseEtlModels
  PATCH /reverse-etl-models/:modelId updateReverseEtlModel
  POST /spaces/:spaceId/messaging-subscriptions/batch batchQueryMessagingSubscriptionsForSpace
  PUT /spaces/:spaceId/messaging-subscriptions replaceMessagingSubscriptionsInSpaces
  `
)

export const notBuilt: ReadonlyArray<NotBuilt> = [...stable, ...alpha]
