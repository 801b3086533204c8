/**
 * Screenshots as small files: at most 256 colours, which pages of text and lines do not miss. Reads what Chromium writes (8 bits
 * a channel, not interlaced) and writes a picture with a palette.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib"

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const mostColours = 256

interface Pixels {
  readonly width: number
  readonly height: number
  /** Red, green, blue of each pixel as one number. */
  readonly colours: Uint32Array
}

const paeth = (a: number, b: number, c: number): number => {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

const read = (png: Buffer): Pixels => {
  const data: Array<Buffer> = []
  let [width, height, channels] = [0, 0, 0]
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at)
    const type = png.toString("latin1", at + 4, at + 8)
    const body = png.subarray(at + 8, at + 8 + length)
    if (type === "IHDR") {
      ;[width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)]
      if (body[8] !== 8 || body[12] !== 0) throw new Error("only 8 bits a channel, not interlaced")
      channels = body[9] === 6 ? 4 : 3
    } else if (type === "IDAT") data.push(body)
    at += length + 12
  }
  const raw = inflateSync(Buffer.concat(data))
  const stride = width * channels
  const colours = new Uint32Array(width * height)
  let above = new Uint8Array(stride)
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1)
    const filter = raw[start]!
    const line = new Uint8Array(raw.subarray(start + 1, start + 1 + stride))
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : line[i - channels]!
      const up = above[i]!
      const corner = i < channels ? 0 : above[i - channels]!
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!
      line[i] = (line[i]! + guess) & 255
    }
    for (let x = 0; x < width; x++) {
      const i = x * channels
      colours[y * width + x] = (line[i]! << 16) | (line[i + 1]! << 8) | line[i + 2]!
    }
    above = line
  }
  return { width, height, colours }
}

const channel = (colour: number, shift: number) => (colour >> shift) & 255
const shifts = [16, 8, 0] as const

interface Box {
  readonly colours: ReadonlyArray<readonly [colour: number, count: number]>
  readonly shift: number
  readonly spread: number
}

const boxOf = (colours: Box["colours"]): Box => {
  const spreads = shifts.map((shift) => {
    const values = colours.map(([colour]) => channel(colour, shift))
    return [Math.max(...values) - Math.min(...values), shift] as const
  })
  const [spread, shift] = spreads.reduce((a, b) => (b[0] > a[0] ? b : a))
  return { colours, shift, spread }
}

/** Surfaces, lines and letters: so many of the most frequent colours stay as they are. */
const kept = 112

/** The most frequent colours, and the others by median cut: the box with the widest channel is halved until there are enough. */
const paletteOf = (counts: ReadonlyMap<number, number>): ReadonlyArray<number> => {
  const byCount = [...counts].sort((a, b) => b[1] - a[1])
  const boxes = [boxOf(byCount.slice(kept))]
  while (boxes.length < mostColours - kept) {
    const at = boxes.reduce((best, box, i) => (box.spread > boxes[best]!.spread ? i : best), 0)
    const { colours, shift, spread } = boxes[at]!
    if (spread === 0) break
    const sorted = colours.toSorted((a, b) => channel(a[0], shift) - channel(b[0], shift))
    const half = sorted.length >> 1
    boxes.splice(at, 1, boxOf(sorted.slice(0, half)), boxOf(sorted.slice(half)))
  }
  const others = boxes.map(({ colours }) => colours.reduce((a, b) => (b[1] > a[1] ? b : a))[0])
  return [...byCount.slice(0, kept).map(([colour]) => colour), ...others]
}

const nearest = (colour: number, palette: ReadonlyArray<number>): number => {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < palette.length; i++) {
    let distance = 0
    for (const shift of shifts) distance += (channel(colour, shift) - channel(palette[i]!, shift)) ** 2
    if (distance < least) [best, least] = [i, distance]
  }
  return best
}

const chunk = (type: string, body: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(body.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}

export const smaller = (png: Buffer): Buffer => {
  const { width, height, colours } = read(png)
  const counts = new Map<number, number>()
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const palette = counts.size <= mostColours ? [...counts.keys()] : paletteOf(counts)
  const places = new Map<number, number>()
  for (const colour of counts.keys()) places.set(colour, nearest(colour, palette))
  const lines = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = places.get(colours[y * width + x]!)!
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  // 8 bits a pixel, with a palette.
  head.set([8, 3, 0, 0, 0], 8)
  const table = Buffer.from(palette.flatMap((colour) => shifts.map((shift) => channel(colour, shift))))
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("PLTE", table),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0))
  ])
}
