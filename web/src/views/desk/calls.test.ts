import { describe, expect, it } from 'vitest'
import type { EventFrame, Talk } from '@/socket/frames'
import { callFor } from './calls'

const talk: Talk = {
  id: 't', visitor: 'v', counselor: 'me', wanted: 'me', consultation: null, status: 'IN_PROGRESS', conversationType: 'COUNSELING_SESSION',
  priority: 'NORMAL', common: false, createdTime: 0, startTime: 0,
}
const event = (name: EventFrame['event'], some: Partial<Talk> = {}): EventFrame =>
  ({ type: 'event', seq: 1, time: 1000, event: name, conversation: 't', talk: { ...talk, ...some } })

describe('a call', () => {
  it('is for who begins to talk with me, and of what kind he is', () => {
    expect(callFor(event('assigned'), 'me', 2000)).toBe('visitor')
    expect(callFor(event('assigned', { conversationType: 'REQUEST_SUPERVISE' }), 'me', 2000)).toBe('request')
    expect(callFor(event('assigned', { visitor: 'me', counselor: 'supervisor' }), 'me', 2000)).toBeNull()
  })

  it('is for who waits for me by name', () => {
    expect(callFor(event('opened', { counselor: null, status: 'WAITING' }), 'me', 2000)).toBe('waits')
    expect(callFor(event('opened', { counselor: null, wanted: 'other', status: 'WAITING' }), 'me', 2000)).toBeNull()
  })

  it('is for a visitor whom I have not answered, not for one of my counselors', () => {
    expect(callFor(event('unanswered'), 'me', 2000)).toBe('unanswered')
    expect(callFor(event('unanswered', { counselor: 'other' }), 'me', 2000)).toBeNull()
  })

  it('comes in time or not at all', () => {
    expect(callFor(event('assigned'), 'me', 61_000)).toBe('visitor')
    expect(callFor(event('assigned'), 'me', 61_001)).toBeNull()
  })
})
