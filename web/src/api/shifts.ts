// Shifts: who is on duty on which day.

import { result, rows } from './answer'
import { api } from './session'
import type { DayOfMonth, OnDuty } from './types'

/** The days of the month that has `timestamp` in it. */
export const fetchMonth = (timestamp: number): Promise<DayOfMonth[]> =>
  result(api().GET('/arrange/month', { params: { query: { timestamp } } }))

/** The counselors on duty on the day of `timestamp`, as many as the server gives at once. */
export async function fetchOnDuty(timestamp: number): Promise<OnDuty[]> {
  const query = { type: 'COUNSELOR' as const, timestamp, page: 0, size: 200 }
  return (await rows(api().GET('/arrange/theday', { params: { query } }))).rows as OnDuty[]
}

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
