// Checks Node, brings the bundle up to date, starts it. Plain JavaScript, so that an old Node can read the message.
import { nodeProblem, requireNode } from "../scripts/require-node.mjs"

if (nodeProblem() !== undefined) requireNode()
else {
  const { bundle, compiled, isCatalogStale, isConsoleStale, isServiceStale } =
    await import("../scripts/build-places.mjs")
  if (isServiceStale() || isCatalogStale() || isConsoleStale()) {
    // In a process of its own: the bundler's memory must not stay with the service.
    const { spawnSync } = await import("node:child_process")
    const { fileURLToPath } = await import("node:url")
    const script = fileURLToPath(new URL("../scripts/build.mjs", import.meta.url))
    const { status } = spawnSync(process.execPath, [script, "--if-stale"], { stdio: ["ignore", "ignore", "inherit"] })
    if (status !== 0) {
      process.stderr.write("The service could not be built; the reason is above. Did `npm ci` run to its end?\n")
      process.exit(1)
    }
  }
  const { pathToFileURL } = await import("node:url")
  const { enableCompileCache } = await import("node:module")
  enableCompileCache(compiled)
  await import(pathToFileURL(bundle).href)
}
