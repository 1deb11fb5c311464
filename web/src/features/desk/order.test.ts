import { describe, expect, it } from 'vitest'
import type { Conversation } from '@/api/types'
import { bySoonest, endedFirst, freePlaces, loadOf, monthAfter, neighbour, weeksOf, type Colleague } from './order'

const colleague = (id: string, some: Partial<Colleague>): Colleague => ({
  id, isBound: false, isOnShift: true, state: 'online', active: 0, waiting: 0, maxConsults: 5, ...some,
})
const talk = (id: string, some: Partial<Conversation>): Conversation => ({
  id, status: 'FINISHED', startTime: 1, endTime: 2, ...some,
}) as Conversation

describe('the list', () => {
  it('moves by one and stays at its ends', () => {
    expect(neighbour(['a', 'b', 'c'], 'a', 1)).toBe('b')
    expect(neighbour(['a', 'b', 'c'], 'c', 1)).toBe('c')
    expect(neighbour(['a', 'b', 'c'], 'a', -1)).toBe('a')
  })

  it('is entered at the near end, also when what was chosen is gone', () => {
    expect(neighbour(['a', 'b'], null, 1)).toBe('a')
    expect(neighbour(['a', 'b'], 'gone', -1)).toBe('b')
    expect(neighbour([], null, 1)).toBeNull()
  })

  it('shows what is over, the last to end first, and nothing that never began', () => {
    const talks = [
      talk('old', { endTime: 5 }), talk('open', { status: 'IN_PROGRESS', endTime: null }), talk('new', { endTime: 9 }),
      talk('left', { status: 'CANCELLED', startTime: null, endTime: 10 }),
    ]
    expect(endedFirst(talks).map(({ id }) => id)).toEqual(['new', 'old'])
  })
})

describe('colleagues', () => {
  it('stand bound ones first, then who can help soonest', () => {
    const all = [
      colleague('away', { state: 'away' }), colleague('full', { active: 5 }), colleague('free', {}),
      colleague('bound', { isBound: true, state: 'offline' }), colleague('bound and there', { isBound: true }),
    ]
    expect(all.sort(bySoonest).map(({ id }) => id)).toEqual(['bound and there', 'bound', 'free', 'full', 'away'])
  })

  it('have places only while they take anybody', () => {
    expect(freePlaces({ state: 'online', active: 2, maxConsults: 5 })).toBe(3)
    expect(freePlaces({ state: 'online', active: 6, maxConsults: 5 })).toBe(0)
    expect(freePlaces({ state: 'away', active: 0, maxConsults: 5 })).toBe(0)
  })

  it('are as the socket told last, else as was asked, else gone', () => {
    const told = { counselor: 'a', role: 'counselor' as const, presence: 'busy' as const, onShift: true, active: 3, waiting: 1, maxConsults: 3 }
    const seat = { user: { id: 'a' }, role: 'counselor', state: 'online', onShift: true, active: 0, waiting: 0, maxConsults: 3 } as never
    expect(loadOf('a', [told], [seat]).state).toBe('busy')
    expect(loadOf('a', [], [seat]).state).toBe('online')
    expect(loadOf('b', [told], [seat])).toEqual({ isOnShift: false, state: 'offline', active: 0, waiting: 0, maxConsults: 0 })
  })
})

describe('a month', () => {
  it('is whole weeks from Monday', () => {
    const weeks = weeksOf('2026-11')
    expect(weeks[0]).toEqual([null, null, null, null, null, null, '2026-11-01'])
    expect(weeks.at(-1)).toEqual(['2026-11-30', null, null, null, null, null, null])
    expect(weeks.flat().filter((day) => day !== null)).toHaveLength(30)
    expect(weeksOf('2028-02').flat().filter((day) => day !== null)).toHaveLength(29)
  })

  it('is followed by the next one, also over the year', () => {
    expect(monthAfter('2026-12', 1)).toBe('2027-01')
    expect(monthAfter('2026-01', -1)).toBe('2025-12')
  })
})
