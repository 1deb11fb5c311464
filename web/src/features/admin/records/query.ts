// From the filters in the URL to what the server is asked.

import { startOfDay } from '@/shared/composables/time'

/** What is asked for at first (`usePagedList`). */
export const STANDARDS = {
  size: 20,
  view: { kind: 'consultations', by: 'createdTime', direction: 'desc' },
  chosen: { from: '', to: '', status: '' },
  typed: { visitor: '', counselor: '' },
}
export type RecordFilters = typeof STANDARDS.view & typeof STANDARDS.chosen & typeof STANDARDS.typed & { page: number, size: number }

/** What the list can be sorted by: the columns of `records.vue` that have a `sort-head`. */
export const PROPERTIES = ['createdTime', 'startTime', 'endTime', 'duration', 'level'] as const
export const STATUSES = ['WAITING', 'IN_PROGRESS', 'FINISHED', 'TIME_OUT', 'CANCELLED'] as const

export const isSupervision = (filters: Pick<RecordFilters, 'kind'>): boolean => filters.kind === 'requests'

const DAY_MS = 24 * 60 * 60 * 1000
/** Midnight of a day that may be anything: the URL says so. */
function dayStart(day: string): number | undefined {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? startOfDay(day) : Number.NaN
  return Number.isFinite(time) ? time : undefined
}
/** The last moment of a day; zones have no days of another length than 23 to 25 hours. */
function dayEnd(day: string): number | undefined {
  const start = dayStart(day)
  if (start === undefined) return undefined
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)
  return startOfDay(next) - 1
}
const known = <T extends string>(words: readonly T[], word: string): T | undefined => words.find((one) => one === word)

/** What nobody can know of is left out, so that the list is there whatever the URL says. */
export function queryOf(filters: RecordFilters) {
  return {
    conversationType: isSupervision(filters) ? 'REQUEST_SUPERVISE' as const : 'COUNSELING_SESSION' as const,
    visitorName: filters.visitor || undefined,
    counselorName: filters.counselor || undefined,
    startTime: dayStart(filters.from),
    endTime: dayEnd(filters.to),
    status: known(STATUSES, filters.status),
    property: known(PROPERTIES, filters.by) ?? 'createdTime' as const,
    direction: filters.direction === 'asc' ? 'asc' as const : 'desc' as const,
    page: filters.page - 1,
    size: filters.size,
  }
}
