// What time it is at the server. The clock of the device may be years off and may be set while the page is open: it only
// measures how much time passes, and the answers of the server say where that is on the server's clock.

/** The header counts whole seconds. */
const HEADER_MS = 1000
/** The two clocks of the device may drift apart by so much before one of them is taken to have been set. */
const SET_MS = 2000
/** So many answers in a row that agree with each other against what was known are right, … */
const AGREEING = 3
/** … unless all came at once: one answer out of a cache, given many times, agrees with itself. */
const AGREEING_MS = 2000

/** The server is ahead of `passed()` by something between these. */
interface Bounds { low: number, high: number }

const NOTHING: Bounds = { low: -Infinity, high: Infinity }
const both = (a: Bounds, b: Bounds): Bounds => ({ low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) })

let start = { date: 0, performance: 0, passed: 0 }
let known = NOTHING
let rival = { bounds: NOTHING, since: 0, answers: 0 }
let ahead: number | null = null
const listeners = new Set<() => void>()

/**
 * Milliseconds that only go forward, whatever is done to the clock of the device. A clock that jumps ahead was set, or
 * the machine slept: which of the two, the next answer says, and until then the sleep is likelier.
 */
export function passed(): number {
  const now = { date: Date.now(), performance: performance.now() }
  if (start.passed === 0) start = { ...now, passed: now.date }
  const byDate = now.date - start.date
  const byPerformance = now.performance - start.performance
  if (Math.abs(byDate - byPerformance) <= SET_MS) return start.passed + byPerformance
  if (byDate > byPerformance) known = NOTHING
  start = { ...now, passed: start.passed + Math.max(byDate, byPerformance, 0) }
  return start.passed
}

/** The server's clock, in whole milliseconds; the device's own until the server has said something. */
export const serverNow = (): number => (ahead === null ? Date.now() : Math.round(passed() + ahead))

/** Calls `listener` whenever `serverNow` was corrected. */
export function onCorrected(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Learns from the headers of an answer; `asked` is what `passed()` was when it was asked for. */
export function syncByAnswer(headers: Headers, asked: number): void {
  const date = Date.parse(headers.get('Date') ?? '')
  if (Number.isNaN(date)) return
  const heard = passed()
  // Out of a cache it says only that the server's clock has been there.
  const isFresh = Number(headers.get('Age') ?? 0) === 0
  weigh({ low: date - heard, high: isFresh ? date + HEADER_MS - asked : Infinity }, heard)
}

/** Learns from a moment at which something has happened at the server: it is no earlier there now. */
export function syncByEvent(time: number): void {
  const heard = passed()
  weigh({ low: time - heard, high: Infinity }, heard)
}

/** What agrees with what is known narrows it. An old date that passes for a fresh one changes nothing. */
function weigh(told: Bounds, heard: number): void {
  const agreed = both(known, told)
  if (agreed.low <= agreed.high) {
    rival.answers = 0
    settle(agreed)
  } else if (told.low > known.high) {
    // The server's clock has been where it could not be by what was known.
    settle(told)
  } else {
    rebel(told, heard)
  }
}

/** Whether answers that say less than what is known say so again and again: then the server's clock was set back. */
function rebel(told: Bounds, heard: number): void {
  const agreed = both(rival.bounds, told)
  rival = rival.answers > 0 && agreed.low <= agreed.high
    ? { ...rival, bounds: agreed, answers: rival.answers + 1 }
    : { bounds: told, since: heard, answers: 1 }
  if (rival.answers >= AGREEING && heard - rival.since >= AGREEING_MS) settle(rival.bounds)
}

function settle(bounds: Bounds): void {
  known = bounds
  rival = { bounds: NOTHING, since: 0, answers: 0 }
  const before = ahead ?? Date.now() - passed()
  // Within the bounds nothing is better than what is shown already.
  const isInside = before >= bounds.low && before <= bounds.high
  ahead = isInside ? before : bounds.high === Infinity ? bounds.low : (bounds.low + bounds.high) / 2
  if (ahead !== before) listeners.forEach((listener) => { listener() })
}

/** For tests: as when the page is opened. */
export function forgetClock(): void {
  start = { date: 0, performance: 0, passed: 0 }
  known = NOTHING
  rival = { bounds: NOTHING, since: 0, answers: 0 }
  ahead = null
}
