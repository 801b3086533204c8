/** The bundle that whole-process tests start, made again when a source is newer. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import type { TestService } from "./services.ts"

const script = join(import.meta.dirname, "../../scripts/build.mjs")

export const bundleService: TestService = {
  name: "Bundle",
  start: async () => {
    try {
      await promisify(execFile)(process.execPath, [script, "--if-stale"])
      return { found: "dist/main.mjs, up to date", stop: async () => {} }
    } catch (error) {
      return { skipped: `it cannot be built:\n${(error as { stderr?: string }).stderr ?? String(error)}` }
    }
  }
}
