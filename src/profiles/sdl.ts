/** The GraphQL schema as people read it: the files in `graphql/`, one per subject, beside the sources or the bundle. */
import { readdirSync, readFileSync } from "node:fs"

const folder = new URL("../../graphql/", import.meta.url)

export const readSdl = (): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".graphql"))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
