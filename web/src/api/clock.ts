// What time it is at the server: the clock of the device before the page may be minutes off, and limits are the server's.

/** The header counts whole seconds, and the way takes time: less than this is no difference. */
const SAME_MS = 2000

let ahead = 0

/** Learns from the `Date` of an answer to what was asked at `asked`. */
export function hearDate(date: string | null, asked: number, now: number): void {
  const there = date === null ? Number.NaN : Date.parse(date) + 500
  if (Number.isNaN(there)) return
  const difference = there - (asked + now) / 2
  ahead = Math.abs(difference) < SAME_MS ? 0 : difference
}

/** A moment of this device's clock as one of the server's. */
export const atServer = (time: number): number => time + ahead
