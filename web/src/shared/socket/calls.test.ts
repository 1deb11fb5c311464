import { describe, expect, it } from 'vitest'
import type { Alarm, Talk } from '@/api/frames'
import { callsOf, nextUnanswered, openedKey, rings, unanswered, wayOf } from './calls'

const talk = (id: string, some: Partial<Talk> = {}): Talk => ({
  id, visitor: `v-${id}`, counselor: 'me', wanted: 'me', consultation: null, status: 'IN_PROGRESS', conversationType: 'COUNSELING_SESSION',
  priority: 'NORMAL', common: false, createdTime: 1, startTime: 10, unansweredSince: 10, ...some,
})
const late: Alarm = { kind: 'unanswered', conversation: 'a', counselor: 'other', visitor: 'v', since: 50, afterSeconds: 120 }
const lost: Alarm = { kind: 'counselor-lost', counselor: 'gone', since: 20, conversations: ['x', 'y'] }
const view = (some: { active?: Talk[], waiting?: Talk[], alarms?: Alarm[] }) => ({ active: [], waiting: [], alarms: [], ...some })
const kinds = (some: Parameters<typeof view>[0], opened: string[] = []): string[] =>
  callsOf(view(some), new Set(opened)).map(({ kind, conversation }) => `${kind} ${conversation ?? ''}`.trim())

describe('somebody is called', () => {
  it('for each talk they have not opened, until it is opened or gone', () => {
    const active = [talk('a'), talk('b', { conversationType: 'REQUEST_SUPERVISE', startTime: 20 })]
    expect(kinds({ active })).toEqual(['visitor a', 'request b'])
    expect(kinds({ active }, [openedKey(talk('a'))])).toEqual(['request b'])
    expect(kinds({ active: [] })).toEqual([])
  })

  it('no more once somebody answered, at whatever machine', () => {
    expect(kinds({ active: [talk('a', { unansweredSince: null })] })).toEqual([])
  })

  it('anew when whoever they looked at in the queue has a place', () => {
    const waiting = talk('a', { status: 'WAITING', startTime: null, counselor: null })
    expect(kinds({ waiting: [waiting] })).toEqual(['waits a'])
    expect(kinds({ waiting: [waiting] }, [openedKey(waiting)])).toEqual([])
    expect(kinds({ active: [talk('a')] }, [openedKey(waiting)])).toEqual(['visitor a'])
  })

  it('by alarms first, once for a talk', () => {
    expect(kinds({ active: [talk('a'), talk('b')], alarms: [late, lost] })).toEqual(['counselor-lost', 'unanswered a', 'visitor b'])
    expect(callsOf(view({ alarms: [lost] }), new Set())[0]).toMatchObject({ counselor: 'gone', talks: ['x', 'y'] })
  })

  it('by another call when the same talk goes unanswered again', () => {
    const [first, second] = [late, { ...late, since: 90 }].map((alarm) => callsOf(view({ alarms: [alarm] }), new Set())[0]?.key)
    expect(first).not.toBe(second)
  })

  it('loudly for everything but a place in the queue', () => {
    const [waits] = callsOf(view({ waiting: [talk('a', { status: 'WAITING' })] }), new Set())
    expect(waits && rings(waits)).toBe(false)
    expect(callsOf(view({ active: [talk('a')], alarms: [lost] }), new Set()).every(rings)).toBe(true)
  })

  it('to where the matter is', () => {
    const [gone, answer] = callsOf(view({ alarms: [late, lost] }), new Set())
    if (gone === undefined || answer === undefined) throw new Error('two calls')
    expect(wayOf(answer, 'supervisor', [])).toEqual({ name: 'talk', params: { id: 'a' } })
    const asked = talk('s', { conversationType: 'REQUEST_SUPERVISE', consultation: 'a' })
    expect(wayOf(answer, 'supervisor', [asked]), 'asked about it already').toEqual({ name: 'talk', params: { id: 's' } })
    expect(wayOf(answer, 'administrator', [])).toEqual({ name: 'record', params: { id: 'a' } })
    expect([wayOf(gone, 'supervisor', []).name, wayOf(gone, 'administrator', []).name]).toEqual(['overview', 'console'])
  })
})

describe('whoever waits for an answer', () => {
  const talks = [talk('new', { unansweredSince: 30 }), talk('done', { unansweredSince: null }), talk('old', { unansweredSince: 5 }), talk('mid', { unansweredSince: 20 })]

  it('is counted, the longest first', () => {
    expect(unanswered(talks).map(({ id }) => id)).toEqual(['old', 'mid', 'new'])
  })

  it('is gone to in turn', () => {
    expect([nextUnanswered(talks, null), nextUnanswered(talks, 'done'), nextUnanswered(talks, 'old'), nextUnanswered(talks, 'new')])
      .toEqual(['old', 'old', 'mid', 'old'])
    expect([nextUnanswered([], 'x'), nextUnanswered([talk('a')], 'a')]).toEqual([null, 'a'])
  })
})
