/** The vault with the master key that the settings name. */
import { Effect, Option } from "effect"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { readMasterKeys } from "../platform/master-key.ts"
import { vaultLayer } from "../platform/vault.ts"

export const vaultLive = vaultLayer(
  Effect.gen(function* () {
    const { dataDir, masterKey, masterKeyFile, previousMasterKey } = yield* Settings
    const { embedded } = yield* Database
    return yield* readMasterKeys({
      masterKey: Option.getOrUndefined(masterKey),
      previousMasterKey: Option.getOrUndefined(previousMasterKey),
      masterKeyFile,
      dataDir,
      embedded
    })
  })
)
