// Says what to do when the Node that runs this is too old. Parses and runs on any Node since 12.
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const needed = 24
const root = join(dirname(fileURLToPath(import.meta.url)), "..")

export const nodeProblem = () => {
  if (Number(process.versions.node.split(".")[0]) >= needed) return undefined
  const lines = [`Braid needs Node ${needed} or newer; this is Node ${process.versions.node}.`]
  if (!existsSync(join(root, "node_modules"))) {
    lines.push("Run `npm ci` first: it brings the right Node with it. Then use `npm start`, or ./bin/braid.")
  } else if (existsSync(join(root, "node_modules", "node", "bin", "node"))) {
    lines.push("The right one is in node_modules: use `npm start`, `npm run ...`, or ./bin/braid.")
  } else {
    lines.push(
      "npm would have brought the right one, but install scripts are switched off (--ignore-scripts, or ignore-scripts in an .npmrc).",
      "Either allow them once:   npm rebuild --ignore-scripts=false node",
      `or put Node ${needed} on the PATH, for example with a version manager.`
    )
  }
  return lines.join("\n")
}

export const requireNode = () => {
  const problem = nodeProblem()
  if (problem === undefined) return
  process.stderr.write(`${problem}\n`)
  process.exit(1)
}

if (process.argv[1] !== undefined && process.argv[1].endsWith("require-node.mjs")) requireNode()
