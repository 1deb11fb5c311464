// Where a visitor is in their visit. The server knows; the page only says what to show. Pure.

import type { Conversation } from '@/api/types'
import type { Talk } from '@/api/frames'

export type VisitStage = 'consent' | 'entering' | 'loading' | 'choose' | 'waiting' | 'talk' | 'ended' | 'rate'

export interface Facts {
  hasConsented: boolean
  hasSession: boolean
  /** Whether the server has told where things stand. */
  isKnown: boolean
  open: Talk | null
  /** The newest conversation of all; undefined while it is being asked. */
  last: Conversation | null | undefined
  /** Conversations whose end was seen, and which are not to be rated just now. */
  skipped: readonly string[]
  now: number
}

/** Afterwards one is not asked to rate by itself; the history still offers it. */
const RATE_MS_MAX = 24 * 60 * 60 * 1000

export function visitStageOf(facts: Facts): VisitStage {
  if (!facts.hasConsented) return 'consent'
  if (!facts.hasSession) return 'entering'
  if (!facts.isKnown) return 'loading'
  if (facts.open?.status === 'WAITING') return 'waiting'
  if (facts.open?.status === 'IN_PROGRESS') return 'talk'
  const { last, skipped, now } = facts
  if (last === undefined) return 'loading'
  if (last === null || skipped.includes(last.id)) return 'choose'
  if (isUnexplained(last)) return 'ended'
  return isToRate(last, now) ? 'rate' : 'choose'
}

const isOver = ({ status }: Conversation): boolean => status !== 'WAITING' && status !== 'IN_PROGRESS'

/** Whether a talk took place. */
export const hasBegun = ({ startTime }: Conversation): boolean => startTime !== null

/** Whether a talk took place and can be rated. */
export const canRate = (conversation: Conversation): boolean =>
  (conversation.status === 'FINISHED' || conversation.status === 'TIME_OUT') && hasBegun(conversation) && conversation.evaluate === null

export const isToRate = (last: Conversation, now: number): boolean => canRate(last) && now - (last.endTime ?? 0) < RATE_MS_MAX

/** An end that was not the visitor's own wish is told, however long ago it was, until it was seen: who rates a talk has. */
const isUnexplained = (last: Conversation): boolean => isOver(last) && last.endReason !== 'visitor' && last.evaluate === null

/** The ordinary end of a talk: the other one said goodbye. */
export const isOrdinary = (last: Conversation): boolean => hasBegun(last) && last.endReason === 'counselor'
