/** The S3-compatible server of the run, and buckets of one's own in it. */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3"
import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import type { S3Options } from "../../src/archive/object-s3.ts"

export interface S3Address {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** False: the summary of the run says why; with CI=true the run has failed already. */
export const s3IsThere = inject("s3") !== null

const address = Effect.promise(async () => {
  const response = await fetch(inject("s3")!)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as S3Address
})

/** Options of the adapter for a new, empty bucket. */
export const freshBucket: Effect.Effect<S3Options> = Effect.gen(function* () {
  const { accessKeyId, endpoint, secretAccessKey } = yield* address
  const bucket = `test-${randomBytes(6).toString("hex")}`
  yield* Effect.promise(async () => {
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({ endpoint, forcePathStyle: true, region: "us-east-1", credentials })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
  })
  const credentials = { accessKeyId, secretAccessKey: Redacted.make(secretAccessKey) }
  return { bucket, endpoint, region: "us-east-1", credentials }
})
