// Where a visitor is in his visit. The server knows; the page only says what to show. Pure.

import type { Conversation } from '@/api/types'
import type { Talk } from '@/socket/frames'

export type Stage = 'consent' | 'entering' | 'loading' | 'choose' | 'waiting' | 'talk' | 'rate'

export interface Facts {
  hasConsented: boolean
  hasSession: boolean
  /** Whether the server has told where things stand. */
  isKnown: boolean
  open: Talk | null
  /** The newest conversation of all; undefined while it is being asked. */
  last: Conversation | null | undefined
  /** Conversations not to be rated just now. */
  skipped: readonly string[]
  now: number
}

/** Afterwards one is not asked to rate by itself; the history still offers it. */
const RATE_MS_MAX = 24 * 60 * 60 * 1000
/** That a line ended without a talk is said for so long. */
const TELL_MS_MAX = 60 * 60 * 1000

export function stageOf(facts: Facts): Stage {
  if (!facts.hasConsented) return 'consent'
  if (!facts.hasSession) return 'entering'
  if (!facts.isKnown) return 'loading'
  if (facts.open?.status === 'WAITING') return 'waiting'
  if (facts.open?.status === 'IN_PROGRESS') return 'talk'
  if (facts.last === undefined) return 'loading'
  return toRate(facts) ? 'rate' : 'choose'
}

/** Whether a talk took place and can be rated. */
export const canRate = (conversation: Conversation): boolean =>
  (conversation.status === 'FINISHED' || conversation.status === 'TIME_OUT') && conversation.startTime !== null
  && conversation.evaluate === null

function toRate({ last, skipped, now }: Facts): boolean {
  return !!last && canRate(last) && !skipped.includes(last.id) && now - (last.endTime ?? 0) < RATE_MS_MAX
}

/** Why the last line ended without a talk, if that was not the visitor's own wish and not long ago. */
export function unmet(last: Conversation | null | undefined, now: number): string | null {
  if (!last || last.status !== 'CANCELLED' || last.endReason === 'visitor') return null
  return now - (last.endTime ?? 0) < TELL_MS_MAX ? last.endReason ?? 'other' : null
}
