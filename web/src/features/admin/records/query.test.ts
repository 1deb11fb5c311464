import { describe, expect, it } from 'vitest'
import { queryOf, STANDARDS, type RecordFilters } from './query'

const AT_FIRST: RecordFilters = { ...STANDARDS.view, ...STANDARDS.chosen, ...STANDARDS.typed, page: 1, size: STANDARDS.size }

describe('the filters of records', () => {
  it('ask for the newest consultations, and nothing else, at first', () => {
    expect(JSON.parse(JSON.stringify(queryOf(AT_FIRST)))).toEqual({
      conversationType: 'COUNSELING_SESSION', property: 'createdTime', direction: 'desc', page: 0, size: 20,
    })
  })

  it('mean whole days of the institution', () => {
    const { startTime, endTime } = queryOf({ ...AT_FIRST, from: '2026-11-23', to: '2026-11-23' })
    expect(new Date(startTime!).toISOString()).toBe('2026-11-22T16:00:00.000Z')
    expect(new Date(endTime!).toISOString()).toBe('2026-11-23T15:59:59.999Z')
  })

  it('are told as the server counts: pages from 0', () => {
    const query = queryOf({ ...AT_FIRST, kind: 'requests', visitor: '张', status: 'TIME_OUT', by: 'level', direction: 'asc', page: 3, size: 50 })
    expect(query).toMatchObject({
      conversationType: 'REQUEST_SUPERVISE', visitorName: '张', status: 'TIME_OUT', property: 'level', direction: 'asc', page: 2, size: 50,
    })
  })

  it('that nobody can know of are left out', () => {
    const query = queryOf({ ...AT_FIRST, kind: 'x', status: 'GONE', by: 'name', direction: 'up', from: 'yesterday', to: '2026-99-99' })
    expect(JSON.parse(JSON.stringify(query))).toEqual({
      conversationType: 'COUNSELING_SESSION', property: 'createdTime', direction: 'desc', page: 0, size: 20,
    })
  })
})
