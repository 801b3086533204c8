/**
 * Two projects: `unit` starts in an instant, `services` gets what `test/support/services.ts` provides. A test file
 * belongs to `services` when it imports something from `test/support`, or lies in `contract`, `system` or `simulation`.
 */
import { globSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const files = globSync("test/**/*.test.ts", { cwd: import.meta.dirname })
const needsServices = (file: string) =>
  /^test\/(contract|system|simulation)\//.test(file) || /from "(\.\.\/)+support\//.test(readFileSync(file, "utf8"))
const withServices = files.filter(needsServices)
const unit = files.filter((file) => !needsServices(file))

const common = {
  pool: "forks",
  environment: "node",
  hideSkippedTests: true,
  // The one that Node takes: graphql-js refuses to work beside a second copy of itself, and Vite would prefer its .mjs.
  alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }]
}

export default defineConfig({
  test: {
    // What takes long mostly waits, for leases, restarts and other processes: also two cores do two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // A list that is empty would mean the default patterns.
      { test: { ...common, name: "unit", testTimeout: 30_000, include: unit.length > 0 ? unit : ["no-file"] } },
      {
        test: {
          ...common,
          name: "services",
          include: withServices.length > 0 ? withServices : ["no-file"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000
        }
      }
    ]
  }
})
