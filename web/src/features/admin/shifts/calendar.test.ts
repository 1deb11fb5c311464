import { describe, expect, it } from 'vitest'
import type { DayOfMonth } from '@/api/types'
import { isMonth, monthAfter, standingWeek, weekdayOf, weeksOf } from './calendar'

const day = (word: string, ...standing: string[]): DayOfMonth => ({
  day: word, timestamp: 0, counselors: standing.length, supervisors: 0,
  users: standing.map((user) => ({ id: `${word}-${user}`, user, username: user, name: null, type: 'COUNSELOR', avatarUrl: null, standing: !user.endsWith('!') })),
})
const month = (name: string, length: number): DayOfMonth[] => Array.from({ length }, (_, at) => day(`${name}-${String(at + 1).padStart(2, '0')}`))

describe('the calendar', () => {
  it('begins its weeks on Monday', () => {
    expect([weekdayOf('2026-11-23'), weekdayOf('2026-11-29')]).toEqual([1, 7])
    const weeks = weeksOf(month('2026-11', 30))
    expect(weeks.map((week) => week.map((one) => one?.day.slice(8) ?? '').join(' '))).toEqual([
      '      01', '02 03 04 05 06 07 08', '09 10 11 12 13 14 15', '16 17 18 19 20 21 22', '23 24 25 26 27 28 29', '30      ',
    ])
    expect(weeksOf([])).toEqual([])
  })

  it('goes over the end of a year', () => {
    expect([monthAfter('2026-12', 1), monthAfter('2026-01', -1), monthAfter('2026-05', 0)]).toEqual(['2027-01', '2025-12', '2026-05'])
  })

  it('knows what is a month', () => {
    expect(['2026-11', '2026-13', '2026-1', '', 'x'].map(isMonth)).toEqual([true, false, false, false, false])
  })

  it('tells a standing week from single days, and from the past', () => {
    const days = [day('2026-11-20', 'a'), day('2026-11-23', 'a', 'b!'), day('2026-11-25', 'a'), day('2026-11-30', 'a')]
    expect(standingWeek(days, 'a', '2026-11-23')).toEqual([1, 3])
    expect(standingWeek(days, 'b!', '2026-11-23')).toEqual([])
  })
})
