// For what somebody is called to his desk. Pure.

import type { EventFrame } from '@/socket/frames'

export type Call = 'visitor' | 'request' | 'waits' | 'unanswered'

/** Told late, after an absence, it calls nobody any more. */
const LATE_MS = 60_000

/** What `event` calls the person `me` for, at `now` of the server; null for nothing. `waits` is for who finds no place. */
export function callFor({ event, talk, time }: EventFrame, me: string, now: number): Call | null {
  if (talk === undefined || now - time > LATE_MS) return null
  const isMine = talk.counselor === me
  if (event === 'assigned' && isMine) return talk.conversationType === 'REQUEST_SUPERVISE' ? 'request' : 'visitor'
  if (event === 'opened' && talk.status === 'WAITING' && talk.wanted === me) return 'waits'
  return event === 'unanswered' && isMine ? 'unanswered' : null
}
