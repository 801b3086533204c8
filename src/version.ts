/** The version of the package, for `/health`, `--version` and user agents. */
import manifest from "../package.json" with { type: "json" }

export const version: string = manifest.version
