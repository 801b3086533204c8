/**
 * Sorts more events than fit into memory, in the order of a replay (IDR-134): sorted runs on disk, then a merge.
 *
 * Events are kept as records, in memory and on disk alike; a run is a sequence of compressed blocks of records. What fits
 * into one run never touches the disk. Files are unlinked as soon as they are open, so that not even `kill -9` leaves
 * one behind.
 */
import { randomBytes } from "node:crypto"
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { constants, zstdCompress, zstdDecompress } from "node:zlib"
import type { LogEvent } from "../log/event-log.ts"
import { byReplayOrder, type ReplayEvent, type ReplayKey } from "./history.ts"

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** A record: length, timestamp, receivedAt, position, source, ledger key, length of the message id, message id, body. */
const fixedBytes = 4 + 8 + 8 + 8 + 4 + 36 + 4
const slabBytes = 1024 * 1024
const blockBytes = 256 * 1024
/** Runs that are merged at once; each keeps one block in memory. */
const mostRuns = 64
/** What an entry costs beside its record. */
const entryBytes = 150

interface Entry extends ReplayKey {
  readonly slab: Buffer
  readonly at: number
}

const writeRecord = (key: ReplayKey, event: LogEvent, id: number, into: Buffer, at: number): number => {
  const length = fixedBytes + id + event.body.length
  into.writeUInt32LE(length, at)
  into.writeDoubleLE(key.timestamp, at + 4)
  into.writeDoubleLE(key.receivedAt, at + 12)
  into.writeDoubleLE(key.position, at + 20)
  into.writeUInt32LE(event.source, at + 28)
  into.write(event.hash, at + 32, 36, "latin1")
  into.writeUInt32LE(id, at + 68)
  into.write(key.messageId, at + fixedBytes, id, "utf8")
  into.set(event.body, at + fixedBytes + id)
  return at + length
}

const readRecord = (from: Buffer, at: number): ReplayEvent => {
  const id = from.readUInt32LE(at + 68)
  const body = at + fixedBytes + id
  return {
    timestamp: from.readDoubleLE(at + 4),
    receivedAt: from.readDoubleLE(at + 12),
    position: from.readDoubleLE(at + 20),
    source: from.readUInt32LE(at + 28),
    hash: from.toString("latin1", at + 32, at + 68),
    messageId: from.toString("utf8", at + fixedBytes, body),
    body: from.subarray(body, at + from.readUInt32LE(at))
  }
}

/** A sorted run on disk, read once from its beginning. */
class Run {
  readonly #file: FileHandle
  #at = 0
  readonly #end: number
  #block: Buffer = Buffer.alloc(0)
  #record = 0
  /** The first event that was not taken yet; undefined at the end. */
  head: ReplayEvent | undefined

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#end = end
  }

  /** True when `head` is the next one without reading; else call `load`. */
  advance(): boolean {
    if (this.#record < this.#block.length) {
      this.head = readRecord(this.#block, this.#record)
      this.#record += this.#block.readUInt32LE(this.#record)
      return true
    }
    return false
  }

  async load(): Promise<void> {
    if (this.#at >= this.#end) {
      this.head = undefined
      this.#block = Buffer.alloc(0)
      await this.close()
      return
    }
    const head = Buffer.allocUnsafe(4)
    await this.#readFully(head, this.#at)
    const packed = Buffer.allocUnsafe(head.readUInt32LE(0))
    await this.#readFully(packed, this.#at + 4)
    this.#at += 4 + packed.length
    this.#block = await decompress(packed, { chunkSize: 2 * blockBytes })
    this.#record = 0
    this.advance()
  }

  async #readFully(into: Buffer, from: number): Promise<void> {
    for (let done = 0; done < into.length;) {
      const { bytesRead } = await this.#file.read(into, done, into.length - done, from + done)
      if (bytesRead === 0) throw new Error("a temporary file is shorter than what was written to it")
      done += bytesRead
    }
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {})
  }
}

export interface ReplaySorterOptions {
  readonly folder: string
  /** Bytes of events in memory before a run is written. */
  readonly runBytes: number
}

export class ReplaySorter {
  readonly #options: ReplaySorterOptions
  #entries: Array<Entry> = []
  #slab: Buffer = Buffer.alloc(0)
  #slabAt = 0
  #bytes = 0
  #runs: Array<Run> = []

  constructor(options: ReplaySorterOptions) {
    this.#options = options
  }

  /** Takes a copy of the event. True: call `spill` before the next one. */
  add(key: ReplayKey, event: LogEvent): boolean {
    const id = Buffer.byteLength(key.messageId)
    const length = fixedBytes + id + event.body.length
    if (this.#slabAt + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafe(Math.max(slabBytes, length))
      this.#slabAt = 0
    }
    const { messageId, position, receivedAt, timestamp } = key
    this.#entries.push({ timestamp, receivedAt, messageId, position, slab: this.#slab, at: this.#slabAt })
    this.#slabAt = writeRecord(key, event, id, this.#slab, this.#slabAt)
    this.#bytes += length + entryBytes
    return this.#bytes >= this.#options.runBytes
  }

  /** Writes what is in memory as a run. */
  async spill(): Promise<void> {
    const entries = this.#sorted()
    const writer = await RunWriter.open(this.#options.folder)
    for (const { at, slab } of entries) {
      if (writer.add(slab.subarray(at, at + slab.readUInt32LE(at)))) await writer.flush()
    }
    this.#runs.push(await writer.finish())
  }

  /** All events in order, in arrays of at most `size`. Call once. */
  async *merged(size: number): AsyncGenerator<ReadonlyArray<ReplayEvent>> {
    if (this.#runs.length === 0) {
      const entries = this.#sorted()
      for (let i = 0; i < entries.length; i += size) {
        yield entries.slice(i, i + size).map(({ at, slab }) => readRecord(slab, at))
      }
      return
    }
    if (this.#entries.length > 0) await this.spill()
    while (this.#runs.length > mostRuns) {
      const writer = await RunWriter.open(this.#options.folder)
      for await (const events of merge(this.#runs.splice(0, mostRuns), 1000)) {
        for (const event of events) {
          const id = Buffer.byteLength(event.messageId)
          const record = Buffer.allocUnsafe(fixedBytes + id + event.body.length)
          writeRecord(event, event, id, record, 0)
          if (writer.add(record)) await writer.flush()
        }
      }
      this.#runs.push(await writer.finish())
    }
    yield* merge(this.#runs, size)
  }

  async close(): Promise<void> {
    for (const run of this.#runs) await run.close()
  }

  #sorted(): ReadonlyArray<Entry> {
    const entries = this.#entries.sort(byReplayOrder)
    this.#entries = []
    this.#slab = Buffer.alloc(0)
    this.#slabAt = 0
    this.#bytes = 0
    return entries
  }
}

class RunWriter {
  readonly #file: FileHandle
  #records: Array<Buffer> = []
  #bytes = 0
  #at = 0

  static async open(folder: string): Promise<RunWriter> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, `sort-${randomBytes(8).toString("hex")}`)
    const file = await open(path, "wx+", 0o600)
    await unlink(path)
    return new RunWriter(file)
  }

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** True: call `flush` before the next one. */
  add(record: Buffer): boolean {
    this.#records.push(record)
    this.#bytes += record.length
    return this.#bytes >= blockBytes
  }

  async flush(): Promise<void> {
    const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: blockBytes }
    const packed = await compress(Buffer.concat(this.#records, this.#bytes), options)
    const head = Buffer.allocUnsafe(4)
    head.writeUInt32LE(packed.length)
    const block = Buffer.concat([head, packed])
    for (let done = 0; done < block.length;) {
      done += (await this.#file.write(block, done, block.length - done, this.#at + done)).bytesWritten
    }
    this.#at += block.length
    this.#records = []
    this.#bytes = 0
  }

  async finish(): Promise<Run> {
    if (this.#bytes > 0) await this.flush()
    return new Run(this.#file, this.#at)
  }
}

/** Merges runs with a binary heap of their first events. */
async function* merge(runs: ReadonlyArray<Run>, size: number): AsyncGenerator<ReadonlyArray<ReplayEvent>> {
  for (const run of runs) await run.load()
  const heap = runs.filter((run) => run.head !== undefined)
  const before = (a: number, b: number) => byReplayOrder(heap[a]!.head!, heap[b]!.head!) < 0
  const sink = (from: number) => {
    for (let at = from; ;) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const least = left + 1 < heap.length && before(left + 1, left) ? left + 1 : left
      if (!before(least, at)) return
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
  for (let at = heap.length >> 1; at >= 0; at--) if (at < heap.length) sink(at)
  let out: Array<ReplayEvent> = []
  while (heap.length > 0) {
    const run = heap[0]!
    out.push(run.head!)
    if (!run.advance()) await run.load()
    if (run.head === undefined) {
      const last = heap.pop()!
      if (heap.length > 0) heap[0] = last
    }
    sink(0)
    if (out.length === size) {
      yield out
      out = []
    }
  }
  if (out.length > 0) yield out
}
