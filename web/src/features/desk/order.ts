// What stands where in the counselor's and the supervisor's lists. Pure.

import type { Load } from '@/api/frames'
import type { Conversation, StaffOverview, State } from '@/api/types'

/** The one before or after `current`; from nowhere the first or the last; at an end it stays. */
export function neighbour(ids: readonly string[], current: string | null, step: 1 | -1): string | null {
  const at = current === null ? -1 : ids.indexOf(current)
  if (at < 0) return (step === 1 ? ids[0] : ids.at(-1)) ?? null
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null
}

const isOpen = ({ status }: Pick<Conversation, 'status'>): boolean => status === 'WAITING' || status === 'IN_PROGRESS'

/** Talks that took place and are over, the last to end first. */
export function endedFirst(talks: readonly Conversation[]): Conversation[] {
  return talks
    .filter((talk) => !isOpen(talk) && talk.startTime !== null)
    .sort((a, b) => (b.endTime ?? 0) - (a.endTime ?? 0))
}

/** Somebody who can be asked or looked after. */
export interface Colleague {
  id: string
  isBound: boolean
  isOnShift: boolean
  state: State
  active: number
  waiting: number
  maxConsults: number
}

export const freePlaces = ({ state, active, maxConsults }: Pick<Colleague, 'state' | 'active' | 'maxConsults'>): number =>
  (state === 'online' ? Math.max(0, maxConsults - active) : 0)

const RANK: Record<State, number> = { online: 0, busy: 1, away: 2, offline: 3 }

/** Bound ones first; among them who can help soonest. */
export function bySoonest(a: Colleague, b: Colleague): number {
  return Number(b.isBound) - Number(a.isBound) || RANK[a.state] - RANK[b.state]
    || freePlaces(b) - freePlaces(a) || a.waiting - b.waiting
}

/** A colleague's load as of now: what the socket told last goes before what was asked. */
export function loadOf(id: string, others: readonly Load[], seats: readonly StaffOverview[]): Omit<Colleague, 'id' | 'isBound'> {
  const told = others.find(({ counselor }) => counselor === id)
  if (told !== undefined) {
    return {
      isOnShift: told.onShift, state: told.presence, active: told.active, waiting: told.waiting, maxConsults: told.maxConsults,
    }
  }
  const seat = seats.find(({ user }) => user?.id === id)
  return seat === undefined
    ? { isOnShift: false, state: 'offline', active: 0, waiting: 0, maxConsults: 0 }
    : { isOnShift: seat.onShift, state: seat.state, active: seat.active, waiting: seat.waiting, maxConsults: seat.maxConsults }
}

/** A month as a table of weeks from Monday; null where a day is of another month. Days are written as 2021-05-17. */
export function weeksOf(month: string): (string | null)[][] {
  const [year = 0, number = 1] = month.split('-').map(Number)
  const before = (new Date(Date.UTC(year, number - 1, 1)).getUTCDay() + 6) % 7
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate()
  const cells = [
    ...Array.from({ length: before }, () => null),
    ...Array.from({ length: days }, (_, at) => `${month}-${String(at + 1).padStart(2, '0')}`),
  ]
  while (cells.length % 7 > 0) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, at) => cells.slice(at * 7, at * 7 + 7))
}

/** 2026-11 and a step: 2026-12. */
export function monthAfter(month: string, step: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + step, 1)).toISOString().slice(0, 7)
}
