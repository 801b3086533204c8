import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { s3ObjectStore, type S3Options } from "../../src/archive/object-s3.ts"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { freshBucket, s3IsThere } from "../support/s3.ts"
import { objectStoreContract } from "./object-store.ts"

const open = (options: S3Options) =>
  Layer.build(s3ObjectStore(options)).pipe(Effect.flatMap((context) => Effect.provide(ObjectStore, context)))

const gone = Effect.flatMap(freshBucket, (options) => open({ ...options, bucket: "not-there" }))

describe.runIf(s3IsThere)("S3", () => {
  objectStoreContract("s3", { empty: Effect.flatMap(freshBucket, open), gone })
  objectStoreContract("s3 below a prefix", {
    empty: Effect.flatMap(freshBucket, (options) => open({ ...options, prefix: "braid/one" })),
    gone
  })

  it.live("two installations share a bucket with different prefixes", () =>
    Effect.gen(function* () {
      const options = yield* freshBucket
      const one = yield* open({ ...options, prefix: "one" })
      const two = yield* open({ ...options, prefix: "two" })
      yield* one.put("a", Buffer.from("of one"))
      assert.deepStrictEqual((yield* two.list({ prefix: "" })).objects, [])
      assert.strictEqual((yield* Effect.flip(two.get("a")))._tag, "ObjectNotFound")
    }).pipe(Effect.scoped)
  )

  it.live("wrong credentials, a missing bucket and a silent server are told apart", () =>
    Effect.gen(function* () {
      const options = yield* freshBucket
      const problem = (changed: Partial<S3Options>) =>
        Effect.flatMap(open({ ...options, ...changed }), (store) => Effect.flip(store.put("a", Buffer.from("x"))))
      const credentials = { accessKeyId: "braid", secretAccessKey: Redacted.make("wrong-key") }
      const refused = yield* problem({ credentials })
      assert.match(refused.message, /access was refused \(SignatureDoesNotMatch\).*BRAID_S3_SECRET_ACCESS_KEY/)
      assert.match((yield* problem({ bucket: "not-there" })).message, /no bucket "not-there".*BRAID_S3_BUCKET/)
      const silent = yield* problem({ endpoint: "http://127.0.0.1:9" })
      assert.match(silent.message, /no answer \(ECONNREFUSED\).*BRAID_S3_ENDPOINT/)
      assert.notInclude(JSON.stringify([refused, silent]), "wrong-key")
    }).pipe(Effect.scoped)
  )
})
