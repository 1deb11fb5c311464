// Shifts: who is on duty on which day.

import { result } from './answer'
import { api } from './session'
import type { DayOfMonth } from './types'

/** The days of the month that has `timestamp` in it. */
export const fetchMonth = (timestamp: number): Promise<DayOfMonth[]> =>
  result(api().GET('/arrange/month', { params: { query: { timestamp } } }))

/** `users`: ids. */
export async function addShifts(timestamp: number, users: string[]): Promise<void> {
  await result(api().PUT('/arrange', { body: { timestamp, users } }))
}

export async function removeShift(id: string): Promise<void> {
  await result(api().DELETE('/arrange/{id}', { params: { path: { id } } }))
}

/** The same days every week, from today on: 1 (Monday) to 7 (Sunday). */
export async function setStandingWeek(user: string, weekDays: number[]): Promise<void> {
  await result(api().POST('/arrange/batch', { body: { user, weekDays } }))
}
