/**
 * Where large, immutable things lie: the archive today, lakes and exports later. A port with two adapters,
 * a local folder (`object-folder.ts`) and anything that speaks S3 (`object-s3.ts`).
 *
 * What callers may rely on is what `test/contract/object-store.ts` checks. Two rules are there so that both adapters
 * can keep them: a key is plain (see `keyProblem`), and no key is a folder of another (`a` beside `a/b`).
 */
import { Context, Data, type Effect } from "effect"

export interface ObjectInfo {
  readonly key: string
  readonly bytes: number
}

/** The whole object in memory, or the path of a file that is streamed and stays where it is. */
export type ObjectContent = Uint8Array | { readonly file: string }

/** Bytes `from` (included) to `to` (excluded) of an object. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

export class ObjectNotFound extends Data.TaggedError("ObjectNotFound")<{
  readonly key: string
  /** The store, as `ObjectStore.place` names it. */
  readonly place: string
}> {
  override get message() {
    return `There is no object "${this.key}" in ${this.place}.`
  }
}

export class ObjectStoreFailed extends Data.TaggedError("ObjectStoreFailed")<{
  readonly operation: "put" | "get" | "head" | "list" | "delete" | "open"
  /** Key or prefix; empty for the store as a whole. */
  readonly key: string
  readonly place: string
  readonly reason: string
  /** What a person can do. */
  readonly advice: string
}> {
  override get message() {
    const what = this.key === "" ? "" : ` "${this.key}"`
    return `The object store could not ${this.operation}${what} in ${this.place}: ${this.reason}. ${this.advice}`
  }
}

export class ObjectStore extends Context.Service<
  ObjectStore,
  {
    /** For people: `folder /srv/braid/archive`, `bucket archive at http://...`. */
    readonly place: string
    /**
     * Stores or replaces an object, durably. Atomic: a reader finds the old object or the new one, whole; after a
     * failure or a crash, the old one or the new one.
     */
    readonly put: (key: string, content: ObjectContent) => Effect.Effect<void, ObjectStoreFailed>
    /** The object, or the part of `range` that it has. */
    readonly get: (key: string, range?: ByteRange) => Effect.Effect<Uint8Array, ObjectNotFound | ObjectStoreFailed>
    /** Undefined when there is no such object. */
    readonly head: (key: string) => Effect.Effect<ObjectInfo | undefined, ObjectStoreFailed>
    /**
     * Objects whose key begins with `prefix` and comes after `after`, in the byte order of their keys, at most
     * `limit` (1 to 1000). `more` says whether to ask again with the last key as `after`.
     */
    readonly list: (options: {
      readonly prefix: string
      readonly after?: string | undefined
      readonly limit?: number
    }) => Effect.Effect<{ readonly objects: ReadonlyArray<ObjectInfo>; readonly more: boolean }, ObjectStoreFailed>
    /** No error when there is no such object. */
    readonly delete: (key: string) => Effect.Effect<void, ObjectStoreFailed>
  }
>()("braid/archive/ObjectStore") {}

const longestKey = 512
/** Begins with a letter or digit, so that `.`, `..` and hidden files are no part of a key. */
const segment = /^[A-Za-z0-9][A-Za-z0-9._=-]*$/

/** What is wrong with a key; undefined when it is right: segments of letters, digits and `._=-`, joined by `/`. */
export const keyProblem = (key: string): string | undefined => {
  if (key.length === 0 || key.length > longestKey) return `a key has 1 to ${longestKey} characters`
  return key.split("/").every((part) => part.length <= 200 && segment.test(part))
    ? undefined
    : "a key is made of segments of up to 200 letters, digits and ._=- joined by /, each beginning with a letter or digit"
}

/** The beginning of some key, or nothing. */
export const prefixProblem = (prefix: string): string | undefined =>
  prefix === "" || keyProblem(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix) === undefined
    ? undefined
    : "a prefix is the beginning of a key"
