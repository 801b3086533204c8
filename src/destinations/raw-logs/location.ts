/**
 * Where the files of a raw log go, by the settings of its destination (RAW-4): a bucket of Amazon's or of any server that speaks S3, with a
 * role, with keys or with what the machine has; or a folder.
 *
 * Connections go where destinations may go (`egress.ts`), folders only where the operator keeps raw logs.
 */
import { Effect, Layer, Redacted } from "effect"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { isAbsolute, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { folderObjectStore } from "../../archive/object-folder.ts"
import { s3ObjectStore } from "../../archive/object-s3.ts"
import { keyProblem, ObjectStore, ObjectStoreFailed } from "../../archive/object-store.ts"
import type { Egress } from "../../platform/egress.ts"

export interface Surroundings {
  readonly egress: Egress
  /** What a role is asked with as external id. */
  readonly workspaceId: string
  /** Folders of raw logs lie below it. */
  readonly rawLogsDir: string
}

const words = {
  bucket: 'the setting "Bucket"',
  region: '"Region"',
  endpoint: '"Endpoint"',
  credentials: "the role or the keys of the destination"
}

const wrong = (reason: string, advice: string) =>
  new ObjectStoreFailed({ operation: "open", key: "", place: "the destination", reason, advice })

const text = (settings: Readonly<Record<string, unknown>>, key: string): string => {
  const value = settings[key]
  return typeof value === "string" ? value.trim() : ""
}

const folderOf = (url: string, { rawLogsDir }: Surroundings): string | ObjectStoreFailed => {
  let folder: string
  try {
    folder = resolve(fileURLToPath(url))
  } catch {
    return wrong(`"${url}" is no address of a folder`, "Write it as file:///path/to/folder.")
  }
  const inside = relative(resolve(rawLogsDir), folder)
  return inside === ".." || inside.startsWith("../") || isAbsolute(inside)
    ? wrong(
        `${folder} does not lie below ${rawLogsDir}`,
        "Choose a folder below it; an operator can move it with BRAID_RAW_LOGS_DIR."
      )
    : folder
}

/** Opens the store. Nothing is asked of a server before the first call. */
export const rawLogStore = (
  settings: Readonly<Record<string, unknown>>,
  surroundings: Surroundings
): Layer.Layer<ObjectStore, ObjectStoreFailed> => {
  const place = text(settings, "s3Bucket")
  if (place.startsWith("file:")) {
    const folder = folderOf(place, surroundings)
    return typeof folder === "string" ? folderObjectStore(folder, words.bucket) : fails(folder)
  }
  const [bucket = "", ...rest] = place
    .replace(/^s3:\/\//, "")
    .replace(/\/+$/, "")
    .split("/")
  const prefix = rest.join("/")
  if (bucket === "") return fails(wrong("no bucket is set", `Fill in ${words.bucket}.`))
  if (prefix !== "" && keyProblem(prefix) !== undefined)
    return fails(wrong(`"${prefix}" cannot be a prefix`, "Use letters, digits and ._=- between slashes."))
  const endpoint = text(settings, "endpoint")
  const refusal = endpointProblem(endpoint, surroundings.egress)
  if (refusal !== undefined) return fails(refusal)
  const accessKeyId = text(settings, "accessKeyId")
  const secret = text(settings, "secretAccessKey")
  if ((accessKeyId === "") !== (secret === ""))
    return fails(wrong("only one half of the access key is set", "Fill in the key id and the secret, or neither."))
  const { egress } = surroundings
  const lookup = egress.lookup as NonNullable<ConstructorParameters<typeof HttpAgent>[0]>["lookup"]
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 8, lookup }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 8, lookup })
  }
  const region = text(settings, "region") || "us-east-1"
  const keys = accessKeyId === "" ? undefined : { accessKeyId, secretAccessKey: secret }
  const arn = text(settings, "iamRoleArn")
  return s3ObjectStore({
    bucket,
    endpoint: endpoint === "" ? undefined : endpoint,
    region,
    prefix,
    encrypted: settings["serverSideEncryption"] === true,
    agents,
    words,
    ...(arn === ""
      ? {
          credentials:
            keys === undefined
              ? undefined
              : { accessKeyId: keys.accessKeyId, secretAccessKey: Redacted.make(keys.secretAccessKey) }
        }
      : { provider: assumed({ arn, externalId: surroundings.workspaceId, region, keys }) })
  })
}

const fails = (error: ObjectStoreFailed): Layer.Layer<ObjectStore, ObjectStoreFailed> =>
  Layer.effect(ObjectStore, Effect.fail(error))

const endpointProblem = (endpoint: string, egress: Egress): ObjectStoreFailed | undefined => {
  if (endpoint === "") return undefined
  const url = URL.parse(endpoint)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return wrong(`"${endpoint}" is no address`, `Write ${words.endpoint} as https://host:port.`)
  const refused = egress.refusal(url.hostname)
  return refused === undefined ? undefined : wrong(refused.message.replace(/\.$/, ""), `Correct ${words.endpoint}.`)
}

/** Credentials of a role, asked for anew whenever they expire. */
const assumed =
  (options: {
    readonly arn: string
    readonly externalId: string
    readonly region: string
    readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  }) =>
  async () => {
    const sdk = await import("@aws-sdk/client-sts")
    const { arn, externalId, keys, region } = options
    const client = new sdk.STSClient({ region, ...(keys === undefined ? {} : { credentials: keys }) })
    try {
      const { Credentials: found } = await client.send(
        new sdk.AssumeRoleCommand({ RoleArn: arn, RoleSessionName: "braid-raw-logs", ExternalId: externalId })
      )
      return {
        accessKeyId: found?.AccessKeyId ?? "",
        secretAccessKey: found?.SecretAccessKey ?? "",
        ...(found?.SessionToken === undefined ? {} : { sessionToken: found.SessionToken }),
        ...(found?.Expiration === undefined ? {} : { expiration: found.Expiration })
      }
    } catch (error) {
      // The client tells it as a refusal of credentials, which it is.
      const reason = error instanceof Error ? error.message : String(error)
      throw Object.assign(new Error(`the role ${arn} cannot be assumed with external id ${externalId}: ${reason}`), {
        name: "RoleNotAssumed"
      })
    } finally {
      client.destroy()
    }
  }
