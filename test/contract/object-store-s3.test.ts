import { assert, describe, it } from "@effect/vitest"
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3"
import { Effect, Layer, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import { s3ObjectStore, type S3Options } from "../../src/archive/object-s3.ts"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { objectStoreContract } from "./object-store.ts"

const s3 = inject("s3")

const open = (options: S3Options) =>
  Layer.build(s3ObjectStore(options)).pipe(Effect.flatMap((context) => Effect.provide(ObjectStore, context)))

if (s3 === null) {
  // The summary of the run says why; with CI=true the run has failed already.
  describe("ObjectStore contract (s3)", () => it.skip("there is no S3-compatible server", () => {}))
} else {
  const options: S3Options = {
    bucket: "",
    endpoint: s3.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: Redacted.make(s3.secretAccessKey) }
  }
  const freshBucket = Effect.promise(async () => {
    const bucket = `test-${randomBytes(6).toString("hex")}`
    const client = new S3Client({
      endpoint: s3.endpoint,
      forcePathStyle: true,
      region: "us-east-1",
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
    })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    return bucket
  })
  const gone = open({ ...options, bucket: "not-there" })

  objectStoreContract("s3", { empty: Effect.flatMap(freshBucket, (bucket) => open({ ...options, bucket })), gone })
  objectStoreContract("s3 below a prefix", {
    empty: Effect.flatMap(freshBucket, (bucket) => open({ ...options, bucket, prefix: "braid/one" })),
    gone
  })

  describe("S3", () => {
    it.live("two installations share a bucket with different prefixes", () =>
      Effect.gen(function* () {
        const bucket = yield* freshBucket
        const one = yield* open({ ...options, bucket, prefix: "one" })
        const two = yield* open({ ...options, bucket, prefix: "two" })
        yield* one.put("a", Buffer.from("of one"))
        assert.deepStrictEqual((yield* two.list({ prefix: "" })).objects, [])
        assert.strictEqual((yield* Effect.flip(two.get("a")))._tag, "ObjectNotFound")
      }).pipe(Effect.scoped)
    )

    it.live("wrong credentials, a missing bucket and a silent server are told apart", () =>
      Effect.gen(function* () {
        const bucket = yield* freshBucket
        const problem = (changed: Partial<S3Options>) =>
          Effect.flatMap(open({ ...options, bucket, ...changed }), (store) =>
            Effect.flip(store.put("a", Buffer.from("x")))
          )
        const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: Redacted.make("wrong") }
        const refused = yield* problem({ credentials })
        assert.match(refused.message, /access was refused \(SignatureDoesNotMatch\).*BRAID_S3_SECRET_ACCESS_KEY/)
        assert.match((yield* problem({ bucket: "not-there" })).message, /no bucket "not-there".*BRAID_S3_BUCKET/)
        const silent = yield* problem({ endpoint: "http://127.0.0.1:9" })
        assert.match(silent.message, /no answer \(ECONNREFUSED\).*BRAID_S3_ENDPOINT/)
        assert.notInclude(JSON.stringify([refused, silent]), "wrong")
      }).pipe(Effect.scoped)
    )
  })
}
