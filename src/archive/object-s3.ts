/**
 * The object store in a bucket of anything that speaks S3, through Amazon's own client.
 *
 * The client is loaded with the layer, not with this file: who keeps the archive in a folder pays nothing for it.
 * Checksum trailers are sent only where a server asks for them, since many S3-compatible servers know none.
 */
import type { S3Client, S3ClientConfig, S3ServiceException } from "@aws-sdk/client-s3"
import { Effect, Layer, Redacted } from "effect"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import type { Agent as HttpAgent } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import { keyProblem, ObjectNotFound, ObjectStore, ObjectStoreFailed, prefixProblem } from "./object-store.ts"

export interface S3Options {
  readonly bucket: string
  /** Of an S3-compatible server (path style is used then); undefined = Amazon's. */
  readonly endpoint?: string | undefined
  readonly region: string
  /** Undefined: what the client finds by itself (environment, profile, role of the machine). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: Redacted.Redacted } | undefined
  /** Comes before every key, without the slash. */
  readonly prefix?: string | undefined
  /** Instead of `credentials`: asked whenever the last ones have expired. */
  readonly provider?: S3ClientConfig["credentials"]
  /** Encrypted by the server with its own keys. */
  readonly encrypted?: boolean
  /** Decide where connections may go. */
  readonly agents?: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } | undefined
  /** How advice calls the settings; default: the environment variables of the archive. */
  readonly words?: Words
}

interface Words {
  readonly bucket: string
  readonly region: string
  readonly endpoint: string
  readonly credentials: string
}

const archiveWords: Words = {
  bucket: "BRAID_S3_BUCKET",
  region: "BRAID_S3_REGION",
  endpoint: "BRAID_S3_ENDPOINT",
  credentials: "BRAID_S3_ACCESS_KEY_ID and BRAID_S3_SECRET_ACCESS_KEY"
}

type Operation = ObjectStoreFailed["operation"]

const connectionMs = 5_000
/** One object at most takes this long to begin answering. */
const answerMs = 60_000

const explain = (error: unknown, options: S3Options): { readonly reason: string; readonly advice: string } => {
  const words = options.words ?? archiveWords
  const { name, message, $metadata } = error as Partial<S3ServiceException> & { readonly code?: string }
  const code = (error as NodeJS.ErrnoException).code ?? name ?? ""
  const status = $metadata?.httpStatusCode
  if (name === "NoSuchBucket")
    return {
      reason: `there is no bucket "${options.bucket}"`,
      advice: `Make the bucket, or correct ${words.bucket}, ${words.region} and ${words.endpoint}.`
    }
  if (name === "RoleNotAssumed")
    return {
      reason: message ?? name,
      advice: "Let the role trust who asks, under the condition of this external id (sts:ExternalId)."
    }
  if (
    status === 401 ||
    status === 403 ||
    /^(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|CredentialsProviderError)$/.test(name ?? "")
  )
    return {
      reason: `access was refused (${name})`,
      advice: `Check ${words.credentials}; they need s3:GetObject, PutObject, DeleteObject and ListBucket.`
    }
  if (name === "PermanentRedirect" || status === 301)
    return { reason: "the bucket lies in another region", advice: `Correct ${words.region}.` }
  if (/^(ECONNREFUSED|ENOTFOUND|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EPIPE|TimeoutError|AbortError)$/.test(code))
    return {
      reason: `the server gives no answer (${code})`,
      advice: `Check that it runs and that ${words.endpoint} is right. Nothing was lost; Braid tries again by itself.`
    }
  if (/^(ENOENT|EACCES|EIO)$/.test(code))
    return { reason: `the file to store cannot be read (${code})`, advice: "Check the disk below BRAID_DATA_DIR." }
  return {
    reason: `the server said ${status === undefined ? "" : `${status} `}${name ?? "nothing useful"}${message === undefined || message === name ? "" : ` (${message})`}`,
    advice: "Nothing was lost; Braid tries again by itself."
  }
}

const statusOf = (error: unknown) => (error as Partial<S3ServiceException>).$metadata?.httpStatusCode

const make = (options: S3Options) =>
  Effect.gen(function* () {
    const { bucket } = options
    const root = options.prefix === undefined || options.prefix === "" ? "" : `${options.prefix}/`
    const place = `bucket ${bucket}${root === "" ? "" : ` below ${root}`} at ${options.endpoint ?? `Amazon S3 in ${options.region}`}`
    const failed = (operation: Operation, key: string, error: unknown) =>
      new ObjectStoreFailed({ operation, key, place, ...explain(error, options) })
    const refused = (operation: Operation, key: string, reason: string) =>
      new ObjectStoreFailed({ operation, key, place, reason, advice: "This is a fault in Braid; please report it." })

    const sdk = yield* Effect.tryPromise({
      try: () => import("@aws-sdk/client-s3"),
      catch: (error) =>
        new ObjectStoreFailed({
          operation: "open",
          key: "",
          place,
          reason: `the S3 client cannot be loaded (${(error as Error).message.split("\n")[0]})`,
          advice: "Run `npm ci` again."
        })
    })
    const client: S3Client = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new sdk.S3Client({
            region: options.region,
            ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
            ...(options.provider === undefined ? {} : { credentials: options.provider }),
            ...(options.credentials === undefined
              ? {}
              : {
                  credentials: {
                    accessKeyId: options.credentials.accessKeyId,
                    secretAccessKey: Redacted.value(options.credentials.secretAccessKey)
                  }
                }),
            requestChecksumCalculation: "WHEN_REQUIRED",
            responseChecksumValidation: "WHEN_REQUIRED",
            maxAttempts: 4,
            requestHandler: {
              connectionTimeout: connectionMs,
              requestTimeout: answerMs,
              throwOnRequestTimeout: true,
              ...options.agents
            }
          })
      ),
      (client) => Effect.sync(() => client.destroy())
    )

    const at = <A, E = never>(
      operation: Operation,
      key: string,
      body: (object: { readonly Bucket: string; readonly Key: string }, signal: AbortSignal) => Promise<A>,
      known: (error: unknown) => E | undefined = () => undefined
    ): Effect.Effect<A, E | ObjectStoreFailed> => {
      const problem = keyProblem(key)
      if (problem !== undefined) return Effect.fail(refused(operation, key, problem))
      return Effect.tryPromise({
        try: (signal) => body({ Bucket: bucket, Key: `${root}${key}` }, signal),
        catch: (error) => known(error) ?? failed(operation, key, error)
      })
    }

    return ObjectStore.of({
      place,
      put: (key, content) =>
        at("put", key, async (object, abortSignal) => {
          const body =
            content instanceof Uint8Array
              ? { Body: content, ContentLength: content.length }
              : { Body: createReadStream(content.file), ContentLength: (await stat(content.file)).size }
          const encryption = options.encrypted === true ? { ServerSideEncryption: "AES256" as const } : {}
          await client.send(new sdk.PutObjectCommand({ ...object, ...body, ...encryption }), { abortSignal })
        }),
      get: (key, range) =>
        range !== undefined && range.to <= range.from
          ? Effect.succeed(new Uint8Array(0))
          : at(
              "get",
              key,
              async (object, abortSignal) => {
                const Range = range === undefined ? {} : { Range: `bytes=${range.from}-${range.to - 1}` }
                try {
                  const { Body } = await client.send(new sdk.GetObjectCommand({ ...object, ...Range }), { abortSignal })
                  return await Body!.transformToByteArray()
                } catch (error) {
                  if (statusOf(error) === 416) return new Uint8Array(0)
                  throw error
                }
              },
              (error) =>
                statusOf(error) === 404 && (error as Error).name !== "NoSuchBucket"
                  ? new ObjectNotFound({ key, place })
                  : undefined
            ),
      head: (key) =>
        at("head", key, async (object, abortSignal) => {
          try {
            const { ContentLength = 0 } = await client.send(new sdk.HeadObjectCommand(object), { abortSignal })
            return { key, bytes: ContentLength }
          } catch (error) {
            // The answer to HEAD has no body that would tell a missing bucket from a missing object.
            if (statusOf(error) !== 404) throw error
            await client
              .send(new sdk.HeadBucketCommand({ Bucket: bucket }), { abortSignal })
              .catch((other: unknown) => {
                throw statusOf(other) === 404 ? Object.assign(new Error(), { name: "NoSuchBucket" }) : other
              })
            return undefined
          }
        }),
      list: ({ after, limit = 1000, prefix }) => {
        const problem = prefixProblem(prefix)
        if (problem !== undefined) return Effect.fail(refused("list", prefix, problem))
        return Effect.tryPromise({
          try: async (abortSignal) => {
            const { Contents = [], IsTruncated = false } = await client.send(
              new sdk.ListObjectsV2Command({
                Bucket: bucket,
                Prefix: `${root}${prefix}`,
                MaxKeys: limit,
                ...(after === undefined ? {} : { StartAfter: `${root}${after}` })
              }),
              { abortSignal }
            )
            const objects = Contents.map(({ Key = "", Size = 0 }) => ({ key: Key.slice(root.length), bytes: Size }))
            return { objects, more: IsTruncated }
          },
          catch: (error) => failed("list", prefix, error)
        })
      },
      delete: (key) =>
        at("delete", key, async (object, abortSignal) => {
          await client.send(new sdk.DeleteObjectCommand(object), { abortSignal })
        })
    })
  })

/** The store in a bucket that exists. Nothing is asked of the server before the first call. */
export const s3ObjectStore = (options: S3Options): Layer.Layer<ObjectStore, ObjectStoreFailed> =>
  Layer.effect(ObjectStore, make(options))
