/**
 * The files that are being filled: one for each day of receipt, compressed on disk as the messages come, so that memory stays flat
 * and the size is known.
 *
 *     segment-logs/<source>/<midnight, ms>/<first received>.<last received>.0.<hash of the places in the log>.gz
 *
 * The name says what is in it (RAW-2): the same messages always make the same name, and a file that is stored twice replaces itself.
 */
import { createHash } from "node:crypto"
import { createWriteStream, type WriteStream } from "node:fs"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { createGzip, type Gzip } from "node:zlib"
import { timesOf } from "../../archive/event-times.ts"
import { dayOf, type LogEvent, type Position } from "../../log/event-log.ts"

export const dayMs = 86_400_000
const newline = Buffer.from("\n")
/** Handed to the compressor at once. */
const blockBytes = 256 * 1024

export interface RawFile {
  /** Midnight, ms. */
  readonly day: number
  readonly key: string
  readonly first: Position
  readonly last: Position
  /** ms */
  readonly from: number
  readonly to: number
  readonly events: number
  readonly bytes: number
}

/** `day`: midnight, ms: 13 digits (RAW-1). */
export const keyOf = (sourceId: string, file: Pick<RawFile, "day" | "first" | "last" | "from" | "to">): string => {
  const place = createHash("sha256").update(`${file.first}-${file.last}`).digest("hex").slice(0, 8)
  return `segment-logs/${sourceId}/${file.day}/${file.from}.${file.to}.0.${place}.gz`
}

/** Lines going into one compressed file on disk. */
export class GzipFile {
  readonly path: string
  /** Compressed, but for what has not gone through yet. */
  bytes = 0
  private readonly gzip: Gzip
  private readonly out: WriteStream
  private block: Array<Uint8Array> = []
  private size = 0
  /** What the disk said; afterwards the streams only say that they are destroyed. */
  private problem: Error | undefined

  constructor(path: string) {
    this.path = path
    this.gzip = createGzip()
    this.gzip.on("data", (chunk: Buffer) => (this.bytes += chunk.length))
    this.out = this.gzip.pipe(createWriteStream(path))
    // Told by `flush` and `close`; without a listener it would end the process.
    this.gzip.on("error", () => {})
    this.out.on("error", (error) => {
      this.problem = error
      this.gzip.destroy(error)
    })
  }

  async line(body: Uint8Array): Promise<void> {
    this.block.push(body, newline)
    this.size += body.length + 1
    if (this.size >= blockBytes) await this.flush()
  }

  private flush(): Promise<void> {
    const block = Buffer.concat(this.block, this.size)
    this.block = []
    this.size = 0
    return new Promise((resolve, reject) =>
      this.gzip.write(block, (error) =>
        error === null || error === undefined ? resolve() : reject(this.problem ?? error)
      )
    )
  }

  /** The file is complete on disk. */
  async close(): Promise<void> {
    if (this.size > 0) await this.flush()
    this.gzip.end()
    await finished(this.out)
  }

  destroy(): void {
    this.gzip.destroy()
    this.out.destroy()
  }
}

interface OpenFile {
  readonly file: GzipFile
  readonly first: Position
  last: Position
  from: number
  to: number
  events: number
}

export class OpenFiles {
  private readonly folder: string
  private readonly sourceId: string
  private readonly days = new Map<number, OpenFile>()
  private ended = false

  constructor(folder: string, sourceId: string) {
    this.folder = folder
    this.sourceId = sourceId
  }

  /** Removes what another process, or an attempt that failed, left in the folder. */
  async begin(): Promise<void> {
    this.clear()
    await rm(this.folder, { recursive: true, force: true })
    await mkdir(this.folder, { recursive: true })
  }

  get empty(): boolean {
    return this.days.size === 0
  }

  /** Compressed bytes of the largest. */
  get bytes(): number {
    let most = 0
    for (const { file } of this.days.values()) if (file.bytes > most) most = file.bytes
    return most
  }

  /** When the oldest message was received. */
  get from(): number {
    return Math.min(...[...this.days.values()].map(({ from }) => from))
  }

  /** Midnight of the oldest day. */
  get day(): number {
    return Math.min(...this.days.keys())
  }

  async add({ body, position }: LogEvent): Promise<void> {
    const told = timesOf(body).receivedAt
    const receivedAt = Number.isNaN(told) ? dayOf(position) * dayMs : told
    const day = Math.floor(receivedAt / dayMs) * dayMs
    let open = this.days.get(day)
    if (open === undefined) {
      if (this.ended) throw new Error("the raw log has ended")
      const file = new GzipFile(join(this.folder, `${day}.gz`))
      open = { file, first: position, last: position, from: receivedAt, to: receivedAt, events: 0 }
      this.days.set(day, open)
    }
    open.last = position
    open.from = Math.min(open.from, receivedAt)
    open.to = Math.max(open.to, receivedAt)
    open.events += 1
    await open.file.line(body)
  }

  /** Names of the files as they are now. */
  planned(): ReadonlyArray<Pick<RawFile, "day" | "key">> {
    return [...this.days].map(([day, open]) => ({ day, key: keyOf(this.sourceId, { day, ...open }) }))
  }

  /** Completes all files; they stay where they are until the next `begin`. */
  async close(): Promise<ReadonlyArray<RawFile & { readonly path: string }>> {
    const files: Array<RawFile & { readonly path: string }> = []
    for (const [day, { events, file, first, from, last, to }] of this.days) {
      await file.close()
      const about = { day, first, last, from, to }
      files.push({ ...about, key: keyOf(this.sourceId, about), events, bytes: file.bytes, path: file.path })
    }
    this.days.clear()
    return files
  }

  /** For good: who was interrupted while adding must not open a file beside those of its successor. */
  discard(): void {
    this.ended = true
    this.clear()
  }

  private clear(): void {
    for (const { file } of this.days.values()) file.destroy()
    this.days.clear()
  }
}
