/** Which adapter the settings ask for. */
import { Effect, Layer, Option } from "effect"
import { Settings, type SettingsValue } from "../config.ts"
import { folderObjectStore } from "./object-folder.ts"
import { s3ObjectStore } from "./object-s3.ts"
import { type ObjectStore, ObjectStoreFailed } from "./object-store.ts"

/** Undefined when the settings are complete. */
const settingsProblem = (settings: SettingsValue): string | undefined => {
  if (settings.s3Bucket === "") return "BRAID_ARCHIVE is s3, but BRAID_S3_BUCKET is not set"
  if ((settings.s3AccessKeyId === "") !== Option.isNone(settings.s3SecretAccessKey))
    return "only one of BRAID_S3_ACCESS_KEY_ID and BRAID_S3_SECRET_ACCESS_KEY is set"
  if (settings.s3Endpoint !== "" && !/^https?:\/\/[^/]/.test(settings.s3Endpoint))
    return "BRAID_S3_ENDPOINT is no address like https://host:port"
  return undefined
}

const optional = (text: string) => (text === "" ? undefined : text)

export const objectStoreOf = (settings: SettingsValue): Layer.Layer<ObjectStore, ObjectStoreFailed> => {
  if (settings.archive === "folder") return folderObjectStore(settings.archiveDir)
  const problem = settingsProblem(settings)
  if (problem !== undefined)
    return Layer.unwrap(
      Effect.fail(
        new ObjectStoreFailed({
          operation: "open",
          key: "",
          place: "S3",
          reason: problem,
          advice: "docs/configuration.md explains the settings of the archive."
        })
      )
    )
  return s3ObjectStore({
    bucket: settings.s3Bucket,
    endpoint: optional(settings.s3Endpoint),
    region: settings.s3Region,
    credentials: Option.getOrUndefined(
      Option.map(settings.s3SecretAccessKey, (secretAccessKey) => ({
        accessKeyId: settings.s3AccessKeyId,
        secretAccessKey
      }))
    ),
    prefix: optional(settings.s3Prefix)
  })
}

/** The store that the settings ask for. */
export const objectStoreLive = Layer.unwrap(Effect.map(Settings, objectStoreOf))
