/** All resolvers of the schema: one map per subject; Yoga merges them type by type. */
import { resolvers } from "./resolvers.ts"

export const resolverMaps = [resolvers]
