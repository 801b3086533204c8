/** All resolvers of the schema: one map per subject; Yoga merges them type by type. */
import { eventResolvers } from "./event-resolvers.ts"
import { erasureResolvers } from "./erasure-resolvers.ts"
import { explainResolvers } from "./explain-resolvers.ts"
import { filterResolvers } from "./filter-resolvers.ts"
import { insightResolvers } from "./insight-resolvers.ts"
import { managementResolvers } from "./management-resolvers.ts"
import { historyResolvers } from "./history-resolvers.ts"
import { operationResolvers } from "./operation-resolvers.ts"
import { rebuildResolvers } from "./rebuild-resolvers.ts"
import { resolvers } from "./resolvers.ts"
import { rulesImpactResolvers } from "./rules-impact-resolvers.ts"
import { searchResolvers } from "./search-resolvers.ts"
import { sourceSchemaResolvers } from "./source-schema-resolvers.ts"
import { traitHistoryResolvers } from "./trait-history.ts"
import { threadResolvers } from "./thread-resolvers.ts"
import { whatIfResolvers } from "./what-if-resolvers.ts"
import { whatIfRunResolvers } from "./what-if-run-resolvers.ts"
import { subscriptionResolvers } from "./subscription-resolvers.ts"

export const resolverMaps = [
  resolvers,
  managementResolvers,
  filterResolvers,
  operationResolvers,
  erasureResolvers,
  rulesImpactResolvers,
  rebuildResolvers,
  whatIfResolvers,
  whatIfRunResolvers,
  explainResolvers,
  historyResolvers,
  threadResolvers,
  traitHistoryResolvers,
  searchResolvers,
  insightResolvers,
  eventResolvers,
  sourceSchemaResolvers,
  subscriptionResolvers
]
