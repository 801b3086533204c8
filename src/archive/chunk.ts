/**
 * A chunk: a run of events of one day as one immutable object, readable by people, too:
 *
 *     skippable zstd frame            zstd frame
 *     "BRC1", counts, columns         one stored message per line
 *
 *     zstdcat chunk.ndjson.zst | jq .    works, since decoders pass over skippable frames
 *
 * The columns (position, source, ledger key, times, length) spare readers from parsing what they only pass on or skip.
 */
import { createHash } from "node:crypto"
import { promisify } from "node:util"
import { constants, zstdCompress, zstdDecompress } from "node:zlib"
import { dayOf, type LogEvent, type Position } from "../log/event-log.ts"
import { timesOf } from "./event-times.ts"

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

const skippable = 0x184d2a50
const magic = "BRC1"
/** Magic, number of events, bytes of columns and of lines before compression, first position. */
const headerBytes = 24
/** Timestamp, receivedAt, distance to the first position, source, length, ledger key. */
const columnBytes = 8 + 8 + 4 + 4 + 4 + 16
const newline = 0x0a
const millisPerDay = 86_400_000

export interface ChunkSummary {
  readonly first: Position
  readonly last: Position
  readonly events: number
  /** Milliseconds since 1970, both ends included. */
  readonly receivedAt: { readonly from: number; readonly to: number }
  readonly timestamp: { readonly from: number; readonly to: number }
  /** Events per source number. */
  readonly sources: ReadonlyMap<number, number>
}

export interface EncodedChunk extends ChunkSummary {
  readonly bytes: Uint8Array
  readonly sha256: string
}

/** A chunk in memory. Its events share one buffer. */
export interface Chunk {
  readonly count: number
  /** Bytes that it keeps in memory, roughly. */
  readonly size: number
  readonly positions: Float64Array
  readonly sources: Uint32Array
  readonly timestamps: Float64Array
  readonly receivedAt: Float64Array
  readonly event: (index: number) => LogEvent
}

/** Why bytes are no chunk. */
export class NotAChunk extends Error {}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const uuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`

/** What the event does not say about its times: received at the latest on its day, happened when received (IDR-22). */
const fallback = (position: Position): number => dayOf(position) * millisPerDay

/** Packs events of one day in the order of their positions; at least one. */
export const encodeChunk = async (events: ReadonlyArray<LogEvent>): Promise<EncodedChunk> => {
  const n = events.length
  const first = events[0]!.position
  const last = events[n - 1]!.position
  let lineBytes = 0
  for (const { body } of events) lineBytes += body.length + 1

  const lines = Buffer.allocUnsafe(lineBytes)
  const columns = Buffer.alloc(n * columnBytes)
  const timestamps = new Float64Array(columns.buffer, columns.byteOffset, n)
  const received = new Float64Array(columns.buffer, columns.byteOffset + 8 * n, n)
  const distances = new Uint32Array(columns.buffer, columns.byteOffset + 16 * n, n)
  const sources = new Uint32Array(columns.buffer, columns.byteOffset + 20 * n, n)
  const lengths = new Uint32Array(columns.buffer, columns.byteOffset + 24 * n, n)
  const counts = new Map<number, number>()
  const receivedAt = { from: Infinity, to: -Infinity }
  const timestamp = { from: Infinity, to: -Infinity }
  let at = 0
  for (let i = 0; i < n; i++) {
    const { body, hash, position, source } = events[i]!
    const times = timesOf(body)
    if (Number.isNaN(times.receivedAt)) times.receivedAt = fallback(position)
    if (Number.isNaN(times.timestamp)) times.timestamp = times.receivedAt
    timestamps[i] = times.timestamp
    received[i] = times.receivedAt
    distances[i] = position - first
    sources[i] = source
    lengths[i] = body.length
    columns.write(hash.replaceAll("-", ""), 28 * n + 16 * i, 16, "hex")
    lines.set(body, at)
    at += body.length
    lines[at++] = newline
    counts.set(source, (counts.get(source) ?? 0) + 1)
    receivedAt.from = Math.min(receivedAt.from, times.receivedAt)
    receivedAt.to = Math.max(receivedAt.to, times.receivedAt)
    timestamp.from = Math.min(timestamp.from, times.timestamp)
    timestamp.to = Math.max(timestamp.to, times.timestamp)
  }

  // A size in the frame lets any decoder allocate at once; the checksums let `zstd -t` check a file by itself.
  const params = { [constants.ZSTD_c_checksumFlag]: 1 }
  const chunkSize = 1024 * 1024
  const [packedColumns, packedLines] = await Promise.all([
    compress(columns, { params, chunkSize }),
    compress(lines, { params, chunkSize, pledgedSrcSize: lines.length })
  ])
  const head = Buffer.alloc(8 + headerBytes)
  head.writeUInt32LE(skippable, 0)
  head.writeUInt32LE(headerBytes + packedColumns.length, 4)
  head.write(magic, 8, "latin1")
  head.writeUInt32LE(n, 12)
  head.writeUInt32LE(columns.length, 16)
  head.writeUInt32LE(lines.length, 20)
  head.writeDoubleLE(first, 24)
  const bytes = Buffer.concat([head, packedColumns, packedLines])
  return { bytes, sha256: sha256Of(bytes), first, last, events: n, receivedAt, timestamp, sources: counts }
}

/** Into one buffer, instead of many of 16 kB that are joined: several times faster. */
const exactly = (bytes: number) => ({ chunkSize: Math.max(1024, bytes + 1), maxOutputLength: Math.max(1, bytes) })

/** Unpacks an object; throws `NotAChunk`. Whoever calls has compared its SHA-256. */
export const decodeChunk = async (object: Uint8Array): Promise<Chunk> => {
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.length)
  if (
    bytes.length < 8 + headerBytes ||
    bytes.readUInt32LE(0) !== skippable ||
    bytes.toString("latin1", 8, 12) !== magic
  )
    throw new NotAChunk("does not begin like a chunk")
  const n = bytes.readUInt32LE(12)
  const columnsSize = bytes.readUInt32LE(16)
  const linesSize = bytes.readUInt32LE(20)
  const first = bytes.readDoubleLE(24)
  const split = 8 + bytes.readUInt32LE(4)
  const [columns, lines] = await Promise.all([
    decompress(bytes.subarray(8 + headerBytes, split), exactly(columnsSize)),
    decompress(bytes.subarray(split), exactly(linesSize))
  ]).catch((error: unknown) => {
    throw new NotAChunk(`cannot be decompressed (${error instanceof Error ? error.message : String(error)})`)
  })
  if (columnsSize !== n * columnBytes || columns.length !== columnsSize || lines.length !== linesSize)
    throw new NotAChunk("is cut off")

  // What zlib returns may begin at any byte; typed arrays may not.
  const aligned = new Uint8Array(columns).buffer
  const distances = new Uint32Array(aligned, 16 * n, n)
  const lengths = new Uint32Array(aligned, 24 * n, n)
  const positions = new Float64Array(n)
  const offsets = new Float64Array(n)
  let at = 0
  for (let i = 0; i < n; i++) {
    positions[i] = first + distances[i]!
    offsets[i] = at
    at += lengths[i]! + 1
  }
  if (at !== linesSize) throw new NotAChunk("has lines of other lengths than it says")
  const sources = new Uint32Array(aligned, 20 * n, n)
  return {
    count: n,
    size: columns.length + 16 * n + lines.length,
    positions,
    sources,
    timestamps: new Float64Array(aligned, 0, n),
    receivedAt: new Float64Array(aligned, 8 * n, n),
    event: (i) => ({
      position: positions[i]!,
      source: sources[i]!,
      hash: uuid(columns.toString("hex", 28 * n + 16 * i, 28 * n + 16 * i + 16)),
      body: lines.subarray(offsets[i]!, offsets[i]! + lengths[i]!)
    })
  }
}

/** Index of the first event after a position. */
export const indexAfter = ({ count, positions }: Chunk, position: Position): number => {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positions[middle]! > position) high = middle
    else low = middle + 1
  }
  return low
}
