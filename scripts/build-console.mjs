// Builds the console into dist/console: hashed files, each also compressed, so that serving them is copying bytes.
import react from "@vitejs/plugin-react"
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { build } from "vite"
import { consoleFolder, root } from "./build-places.mjs"

const compressible = /\.(?:js|css|svg)$/

export const buildConsole = async () => {
  const draft = `${consoleFolder}.${process.pid}.tmp`
  await build({
    root: join(root, "src", "console"),
    configFile: false,
    base: "/console/",
    logLevel: "warn",
    plugins: [react()],
    build: {
      outDir: draft,
      emptyOutDir: true,
      // Read by the test of the first load.
      manifest: "manifest.json",
      target: "es2023",
      // The page may only take what is a file of its own.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false
    }
  })
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !compressible.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const body = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }))
    writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
  }
  rmSync(consoleFolder, { recursive: true, force: true })
  renameSync(draft, consoleFolder)
}
