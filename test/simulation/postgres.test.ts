/** The simulator (`simulate.ts`) with the graph in PostgreSQL. */
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { seeds, simulate } from "./simulate.ts"

simulate("the Postgres graph", () => postgresGraph, seeds)
