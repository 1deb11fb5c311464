// Pictures for the documents, in as few bytes as they need: at most 256 colours, which is more than one sees of a page.

import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const COLOURS_MAX = 256
/** Two colours of the palette differ by more than this, squared and over all three channels; more if there are too many. */
const APART = 12
const WITH_ALPHA = 6

interface Picture { width: number, height: number, channels: number, bytes: Uint8Array }

/** What a browser paints: eight bits for each channel, not interlaced. */
function decoded(png: Buffer): Picture {
  const parts: Buffer[] = []
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const channels = png[25] === WITH_ALPHA ? 4 : 3
  return { width, height, channels, bytes: unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels) }
}

/** Each row begins with how it was written: as differences from the left, from above, or from both. */
function unfiltered(raw: Buffer, stride: number, height: number, channels: number): Uint8Array {
  const bytes = new Uint8Array(stride * height)
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (stride + 1)]
    for (let at = 0; at < stride; at += 1) {
      const here = row * stride + at
      const left = at < channels ? 0 : bytes[here - channels] ?? 0
      const above = row === 0 ? 0 : bytes[here - stride] ?? 0
      const corner = row === 0 || at < channels ? 0 : bytes[here - stride - channels] ?? 0
      const guess = filter === 1 ? left : filter === 2 ? above : filter === 3 ? (left + above) >> 1 : filter === 4 ? paeth(left, above, corner) : 0
      bytes[here] = (raw[row * (stride + 1) + 1 + at] ?? 0) + guess
    }
  }
  return bytes
}

/** PNG, 9.4: whichever of the three is nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const [toLeft, toAbove, toCorner] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)]
  return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner
}

const distance = (a: number, b: number): number =>
  ((a >> 16) - (b >> 16)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2

/** The colours that are there most, none of them near another. */
function paletteOf(counts: Map<number, number>): number[] {
  const byCount = [...counts].sort(([a, n], [b, m]) => m - n || a - b).map(([colour]) => colour)
  for (let apart = APART; ; apart *= 2) {
    const palette: number[] = []
    for (const colour of byCount) {
      if (palette.every((other) => distance(colour, other) > apart)) palette.push(colour)
      if (palette.length > COLOURS_MAX) break
    }
    if (palette.length <= COLOURS_MAX) return palette
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** The same picture with a palette. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, channels, bytes } = decoded(png)
  const colours = new Uint32Array(width * height)
  const counts = new Map<number, number>()
  for (let at = 0; at < colours.length; at += 1) {
    const from = at * channels
    const colour = (bytes[from] ?? 0) << 16 | (bytes[from + 1] ?? 0) << 8 | (bytes[from + 2] ?? 0)
    colours[at] = colour
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const palette = paletteOf(counts)
  const nearest = new Map<number, number>()
  for (const colour of counts.keys()) {
    nearest.set(colour, palette.reduce((best, other, at) => (distance(colour, other) < distance(colour, palette[best] ?? 0) ? at : best), 0))
  }
  const rows = Buffer.alloc((width + 1) * height)
  colours.forEach((colour, at) => { rows[at + Math.floor(at / width) + 1] = nearest.get(colour) ?? 0 })
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3], 8)
  const table = Buffer.from(palette.flatMap((colour) => [colour >> 16, colour >> 8 & 255, colour & 255]))
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', table), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))])
}
