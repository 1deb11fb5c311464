import { describe, expect, it } from 'vitest'
import type { EventFrame, Frame, Place, Talk } from '@/api/frames'
import { NOTHING_KNOWN, reduce, type View } from './reducer'

const ME = 'counselor-1'
const talk = (id: string, some: Partial<Talk> = {}): Talk => ({
  id, visitor: 'visitor-1', counselor: null, wanted: null, consultation: null, status: 'WAITING',
  conversationType: 'COUNSELING_SESSION', priority: 'NORMAL', common: true, createdTime: 1000, startTime: null,
  unansweredSince: null, ...some,
})
/** Where somebody waits, told in full by the server. */
const place = (some: Partial<Place>): Place =>
  ({ position: 1, ahead: 0, counselorState: null, estimatedWaitSeconds: null, next: false, waitUntil: 9000, nextShift: null, ...some })
const event = (seq: number, name: EventFrame['event'], some: object): EventFrame =>
  ({ type: 'event', seq, time: 1, event: name, ...some }) as EventFrame
const after = (frames: Frame[], from: View = NOTHING_KNOWN, me = ME): View => frames.reduce((view, frame) => reduce(view, frame, me), from)
const SNAPSHOT: Frame = {
  type: 'snapshot', cursor: 5, presence: 'online', onShift: true, maxConsults: 3, active: [], waiting: [], common: { waiting: 2 },
  unansweredSince: {}, alarms: [],
}

describe('what a counselor sees', () => {
  it('is the snapshot, and again the snapshot after another', () => {
    const seated = talk('a', { status: 'IN_PROGRESS', counselor: ME, startTime: 2 })
    const view = after([SNAPSHOT, event(6, 'assigned', { talk: seated }), { ...SNAPSHOT, cursor: 9 }])
    expect(view).toMatchObject({ cursor: 9, presence: 'online', onShift: true, maxConsults: 3, active: [], common: 2 })
  })

  it('has a talk where it is: in the queue, then at the desk, then nowhere', () => {
    const waiting = talk('a', { wanted: ME })
    const seated = { ...waiting, status: 'IN_PROGRESS', counselor: ME, startTime: 2 } as Talk
    let view = after([SNAPSHOT, event(6, 'opened', { talk: waiting })])
    expect(view.waiting.map(({ id }) => id)).toEqual(['a'])
    view = after([event(7, 'assigned', { talk: seated })], view)
    expect([view.waiting, view.active.map(({ id }) => id)]).toEqual([[], ['a']])
    view = after([event(8, 'ended', { talk: { ...seated, status: 'FINISHED' } })], view)
    expect([view.waiting, view.active, view.cursor]).toEqual([[], [], 8])
  })

  it('puts the urgent first, then who came first', () => {
    const view = after([
      SNAPSHOT,
      event(6, 'opened', { talk: talk('late', { wanted: ME, createdTime: 3 }) }),
      event(7, 'opened', { talk: talk('early', { wanted: ME, createdTime: 1 }) }),
      event(8, 'opened', { talk: talk('urgent', { wanted: ME, createdTime: 9 }) }),
      event(9, 'priority-changed', { talk: talk('urgent', { wanted: ME, createdTime: 9, priority: 'URGENT' }) }),
    ])
    expect(view.waiting.map(({ id }) => id)).toEqual(['urgent', 'early', 'late'])
  })

  it('loses who asked for them and was taken by a colleague', () => {
    const view = after([
      SNAPSHOT,
      event(6, 'opened', { talk: talk('a', { wanted: ME }) }),
      event(7, 'assigned', { talk: talk('a', { wanted: ME, counselor: 'other', status: 'IN_PROGRESS', startTime: 2 }) }),
    ])
    expect([view.waiting, view.active]).toEqual([[], []])
  })

  it('keeps one\'s own consultation apart from those one serves', () => {
    const consultation = talk('s', {
      conversationType: 'REQUEST_SUPERVISE', visitor: ME, counselor: 'supervisor', status: 'IN_PROGRESS', consultation: 'a', startTime: 3,
    })
    const view = after([SNAPSHOT, event(6, 'assigned', { talk: consultation })])
    expect([view.active, view.conversation?.id]).toEqual([[], 's'])
    expect(after([event(7, 'ended', { talk: { ...consultation, status: 'FINISHED' } })], view).conversation).toBeNull()
  })

  it('does not count twice what the snapshot contains', () => {
    const view = after([SNAPSHOT, event(5, 'opened', { talk: talk('old', { wanted: ME }) })])
    expect([view.waiting, view.cursor]).toEqual([[], 5])
  })

  it('learns of one\'s own places only', () => {
    const view = after([
      SNAPSHOT,
      event(6, 'capacity-changed', { counselor: ME, maxConsults: 7 }),
      event(7, 'capacity-changed', { counselor: 'other', maxConsults: 1 }),
    ])
    expect(view.maxConsults).toBe(7)
  })

  it('hears of a colleague who does not answer without taking their talk', () => {
    const lost = talk('a', { status: 'IN_PROGRESS', counselor: ME, startTime: 2 })
    const view = after([SNAPSHOT, event(6, 'unanswered', { talk: lost, counselor: ME, afterSeconds: 120 })])
    expect([view.active, view.cursor]).toEqual([[], 6])
  })

  it('goes on from where it was after `resumed`, and ignores what it does not know', () => {
    const view = after([SNAPSHOT, { type: 'resumed', cursor: 8 }, { type: 'news' } as unknown as Frame, { type: 'pong' }])
    expect(view).toMatchObject({ cursor: 8, presence: 'online', common: 2 })
  })
})

describe('what a visitor sees', () => {
  const me = 'visitor-1'

  it('is their place while they wait, and none once they talk', () => {
    const waiting: Frame = { type: 'snapshot', cursor: 3, conversation: talk('a'), queue: place({ position: 2, ahead: 1 }) }
    let view = after([waiting], NOTHING_KNOWN, me)
    expect(view.place?.ahead).toBe(1)
    view = after([{ type: 'state', queue: place({ counselorState: 'busy' }) }], view, me)
    expect(view.place).toEqual(place({ counselorState: 'busy' }))
    view = after([event(4, 'assigned', { talk: talk('a', { status: 'IN_PROGRESS', counselor: ME, startTime: 2 }) })], view, me)
    expect([view.place, view.conversation?.status]).toEqual([null, 'IN_PROGRESS'])
    view = after([event(5, 'ended', { talk: talk('a', { status: 'FINISHED', counselor: ME }) })], view, me)
    expect(view.conversation).toBeNull()
  })
})
