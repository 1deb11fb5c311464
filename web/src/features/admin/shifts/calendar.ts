// Days as a month shows them. Pure; a day is a word like 2026-11-24, so that no zone moves it.

import type { DayOfMonth } from '@/api/types'

/** 1 (Monday) to 7 (Sunday). */
export const weekdayOf = (day: string): number => new Date(`${day}T00:00:00Z`).getUTCDay() || 7

export const isMonth = (word: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(word)

/** The month `by` months later. */
export function monthAfter(month: string, by: number): string {
  const [year = 1970, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + by, 15)).toISOString().slice(0, 7)
}

/** Rows of seven, from Monday; null where another month's day is. */
export function weeksOf(days: DayOfMonth[]): (DayOfMonth | null)[][] {
  const first = days[0]
  if (first === undefined) return []
  const cells: (DayOfMonth | null)[] = [...Array.from({ length: weekdayOf(first.day) - 1 }, () => null), ...days]
  while (cells.length % 7 > 0) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}

/** On which weekdays somebody stands, as far as the days from `today` on show it. */
export function standingWeek(days: DayOfMonth[], user: string, today: string): number[] {
  const weekdays = days
    .filter(({ day, users }) => day >= today && users.some((on) => on.user === user && on.standing))
    .map(({ day }) => weekdayOf(day))
  return [...new Set(weekdays)].sort((a, b) => a - b)
}
