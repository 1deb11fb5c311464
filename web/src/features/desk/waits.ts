// How long somebody has waited for an answer, and how much that matters. Pure.

/** `late` is when the alarm is raised first, `alarm` when it is raised again. */
export type Level = 'fresh' | 'soon' | 'late' | 'alarm'

const MINUTE_MS = 60_000
const RISES: [number, Level][] = [[5, 'alarm'], [2, 'late'], [1, 'soon']]

/** Both are the server's; a wait is never negative. */
export function waitOf(since: number, now: number): { minutes: number, level: Level } {
  const minutes = Math.max(0, Math.floor((now - since) / MINUTE_MS))
  return { minutes, level: RISES.find(([from]) => minutes >= from)?.[1] ?? 'fresh' }
}
