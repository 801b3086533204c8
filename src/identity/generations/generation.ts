/**
 * A generation of a space: its tables, in a schema of their own, and its graph. The live one has the plain name of the space;
 * beside it there may be one that a rebuild fills and the one that was live before (`schema.ts`).
 *
 *     "spa_x~next" --switch--> "spa_x" --switch--> "spa_x~previous" --7 days--> gone
 *
 * A generation that is brought on beside the live one has a row in `cursors`: its epoch is the fence, its `seq` says how far it
 * is. The position of that row stays where the space was, so that the log keeps what comes meanwhile.
 */
import type { GraphId } from "../graph.ts"
import { spaceSchema } from "../schema.ts"

export type Aside = "next" | "previous"

/** Each has a row of its own in `space_graphs`. */
export const graphAdapters = ["postgres", "neo4j"] as const

/** How long one can go back (IDR-194). */
export const keptDays = 7

export const schemaAside = (spaceId: string, aside: Aside | "swap"): string => spaceSchema(`${spaceId}~${aside}`)

export const readerAside = (spaceId: string): string => `rebuild:${spaceId}`

export const graphOfGeneration = (spaceId: string, generation: number): GraphId => `${spaceId}.${generation}`

export const generationOfGraph = (graph: GraphId): number => Number(graph.slice(graph.lastIndexOf(".") + 1))
