import { describe, expect, it } from 'vitest'
import type { Alarm, Snapshot, Talk } from '@/api/frames'
import { NOTHING_KNOWN, reduce } from './reducer'

const ME = 'counselor'
const talk = (id: string, some: Partial<Talk> = {}): Talk => ({
  id, visitor: 'visitor', counselor: ME, wanted: ME, consultation: null, status: 'IN_PROGRESS', conversationType: 'COUNSELING_SESSION',
  priority: 'NORMAL', common: false, createdTime: 1, startTime: 2, unansweredSince: null, ...some,
})
const alarm: Alarm = { kind: 'unanswered', conversation: 'a', counselor: ME, visitor: 'visitor', since: 2, afterSeconds: 120 }
const SNAPSHOT: Snapshot = {
  type: 'snapshot', cursor: 1, presence: 'online', onShift: true, maxConsults: 3, active: [], waiting: [], common: { waiting: 0 },
  unansweredSince: {}, alarms: [],
}
const snapshot = (some: object) => reduce(NOTHING_KNOWN, { ...SNAPSHOT, ...some }, ME)

describe('who waits for an answer', () => {
  it('is known from the snapshot, and changed for the talks that are named', () => {
    const view = snapshot({ active: [talk('a', { unansweredSince: 5 }), talk('b', { unansweredSince: null })] })
    const later = reduce(view, { type: 'state', unansweredSince: { a: null, other: 3 } }, ME)
    expect(later.active.map(({ unansweredSince }) => unansweredSince)).toEqual([null, null])
    expect(reduce(later, { type: 'state', unansweredSince: { b: 9 } }, ME).active.map(({ unansweredSince }) => unansweredSince)).toEqual([null, 9])
    expect(reduce(view, { type: 'state', common: { waiting: 1 } }, ME).active).toBe(view.active)
  })
})

describe('alarms', () => {
  it('stand in the snapshot, are replaced as a whole, and are gone when none is left', () => {
    const view = snapshot({ alarms: [alarm] })
    expect(view.alarms).toEqual([alarm])
    expect(reduce(view, { type: 'state', common: { waiting: 1 } }, ME).alarms).toEqual([alarm])
    const lost: Alarm = { kind: 'counselor-lost', counselor: 'other', since: 3, conversations: ['b'] }
    expect(reduce(view, { type: 'state', alarms: [lost] }, ME).alarms).toEqual([lost])
    expect(reduce(view, { type: 'state', alarms: [] }, ME).alarms).toEqual([])
    expect(reduce(view, { ...SNAPSHOT, cursor: 2 }, ME).alarms).toEqual([])
  })
})
