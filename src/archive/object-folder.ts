/**
 * The object store in a local folder: a key is a path below it.
 *
 * An object is written beside its place, synced, then renamed over it, and the folder synced: that is the whole of
 * atomic and durable. What a crash left half-written lies in `.tmp` and goes with the next start.
 */
import { Effect, Layer } from "effect"
import { randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { type ByteRange, keyProblem, type ObjectContent, type ObjectInfo, prefixProblem } from "./object-store.ts"
import { ObjectNotFound, ObjectStore, ObjectStoreFailed } from "./object-store.ts"

type Operation = ObjectStoreFailed["operation"]

/** Half-written objects older than this belong to nobody any more. */
const abandonedAfterMs = 3_600_000

const explain = (
  code: string | undefined,
  root: string,
  setting: string
): { readonly reason: string; readonly advice: string } => {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return {
        reason: code === "ENOSPC" ? "the disk is full" : "the disk quota of this user is used up",
        advice: `Free some space there, or move the folder to a larger disk with ${setting}. Nothing was lost; Braid tries again by itself.`
      }
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return {
        reason: code === "EROFS" ? "the disk is mounted read-only" : "this user may not do that",
        advice: `Make ${root} writable for the user that runs Braid, or choose another folder with ${setting}.`
      }
    case "ENOTDIR":
    case "EISDIR":
    case "EEXIST":
    case "ENOTEMPTY":
      return {
        reason: "a folder and an object would have the same name there",
        advice: `Remove what does not belong into ${root}, or choose another folder with ${setting}.`
      }
    case "EMFILE":
    case "ENFILE":
      return { reason: "too many files are open", advice: "Raise the limit of open files (ulimit -n)." }
    default:
      return { reason: `the system said ${code ?? "nothing useful"}`, advice: `Check the disk below ${root}.` }
  }
}

/** `mkdir -p` that syncs what it made, so that a new object's folders survive a power cut, too. */
const makeFolder = async (folder: string): Promise<void> => {
  const made = await mkdir(folder, { recursive: true })
  if (made === undefined) return
  for (let each = folder; each.length >= dirname(made).length; each = dirname(each)) {
    await syncFolder(each)
    if (each === dirname(each)) break
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const writeSynced = async (path: string, content: ObjectContent): Promise<void> => {
  const handle = await open(path, "wx", 0o640)
  try {
    if (content instanceof Uint8Array) await handle.writeFile(content)
    else await handle.writeFile(createReadStream(content.file))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const readRange = async (path: string, range: ByteRange | undefined): Promise<Uint8Array> => {
  const handle = await open(path, "r")
  try {
    const { size } = await handle.stat()
    const from = Math.min(range?.from ?? 0, size)
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(range?.to ?? size, size) - from))
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done)
      if (bytesRead === 0) return bytes.subarray(0, done)
      done += bytesRead
    }
    return bytes
  } finally {
    await handle.close()
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code
const absent = (error: unknown) => codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR"

/** Files below `folder` in the byte order of their keys, from the first after `after` that begins with `prefix`. */
async function* walk(folder: string, at: string, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (absent(error)) return []
    throw error
  })
  // `a/b` comes after `a.b`: a folder is sorted as what its keys begin with.
  const names = entries
    .filter((entry) => !entry.name.startsWith("."))
    .map((entry) => ({ key: `${at}${entry.name}${entry.isDirectory() ? "/" : ""}`, folder: entry.isDirectory() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const entry of names) {
    const path = join(folder, entry.key.slice(at.length))
    if (entry.folder) {
      const touches = entry.key.startsWith(prefix) || prefix.startsWith(entry.key)
      const past = entry.key < after && !after.startsWith(entry.key)
      if (touches && !past) yield* walk(path, entry.key, prefix, after)
    } else if (entry.key > after && entry.key.startsWith(prefix)) {
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined) yield { key: entry.key, bytes: found.size }
    }
  }
}

const sweep = async (temporary: string): Promise<void> => {
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true })
  }
}

const make = (folder: string, setting: string): Effect.Effect<ObjectStore["Service"], ObjectStoreFailed> => {
  const root = resolve(folder)
  const place = `folder ${root}`
  const temporary = join(root, ".tmp")
  const failed = (operation: Operation, key: string, error: unknown) =>
    new ObjectStoreFailed({ operation, key, place, ...explain(codeOf(error), root, setting) })
  const refused = (operation: Operation, key: string, reason: string) =>
    new ObjectStoreFailed({ operation, key, place, reason, advice: "This is a fault in Braid; please report it." })

  /** Runs `body` with the path of a key that was looked at: nothing outside of the folder can be named. */
  const at = <A, E = never>(
    operation: Operation,
    key: string,
    body: (path: string) => Promise<A>,
    known: (error: unknown) => E | undefined = () => undefined
  ): Effect.Effect<A, E | ObjectStoreFailed> => {
    const problem = keyProblem(key)
    if (problem !== undefined) return Effect.fail(refused(operation, key, problem))
    return Effect.tryPromise({
      try: () => body(join(root, key)),
      catch: (error) => known(error) ?? failed(operation, key, error)
    })
  }

  const service = ObjectStore.of({
    place,
    put: (key, content) =>
      at("put", key, async (path) => {
        const aside = join(temporary, randomBytes(12).toString("hex"))
        await makeFolder(temporary)
        try {
          await writeSynced(aside, content)
          // A delete beside us may take an empty folder away between the two steps.
          for (let attempt = 0; ; attempt++) {
            await makeFolder(dirname(path))
            try {
              await rename(aside, path)
              break
            } catch (error) {
              if (codeOf(error) !== "ENOENT" || attempt === 4) throw error
            }
          }
          await syncFolder(dirname(path))
        } finally {
          await rm(aside, { force: true })
        }
      }),
    get: (key, range) =>
      at(
        "get",
        key,
        (path) => readRange(path, range),
        (error) => (absent(error) ? new ObjectNotFound({ key, place }) : undefined)
      ),
    head: (key) =>
      at("head", key, async (path) => {
        const found = await stat(path).catch((error: unknown) => {
          if (absent(error)) return undefined
          throw error
        })
        return found?.isFile() === true ? { key, bytes: found.size } : undefined
      }),
    list: ({ after = "", limit = 1000, prefix }) => {
      const problem = prefixProblem(prefix)
      if (problem !== undefined) return Effect.fail(refused("list", prefix, problem))
      return Effect.tryPromise({
        try: async () => {
          const objects: Array<ObjectInfo> = []
          for await (const object of walk(root, "", prefix, after)) {
            if (objects.length === limit) return { objects, more: true }
            objects.push(object)
          }
          return { objects, more: false }
        },
        catch: (error) => failed("list", prefix, error)
      })
    },
    delete: (key) =>
      at("delete", key, async (path) => {
        try {
          await rm(path)
        } catch (error) {
          if (absent(error)) return
          throw error
        }
        await syncFolder(dirname(path))
        // Folders that are empty now; the first that is not ends it.
        for (let up = dirname(path); up !== root; up = dirname(up)) {
          if (
            !(await rmdir(up).then(
              () => true,
              () => false
            ))
          )
            break
        }
      })
  })

  return Effect.tryPromise({
    try: async () => {
      await makeFolder(temporary)
      await sweep(temporary)
      return service
    },
    catch: (error) => failed("open", "", error)
  })
}

/** The store below `folder`, which is made when it is not there. `setting`: what says which folder it is. */
export const folderObjectStore = (
  folder: string,
  setting = "BRAID_ARCHIVE_DIR"
): Layer.Layer<ObjectStore, ObjectStoreFailed> => Layer.effect(ObjectStore, make(folder, setting))
