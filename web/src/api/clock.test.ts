import { afterEach, describe, expect, it } from 'vitest'
import { atServer, hearDate } from './clock'

const NOON = Date.parse('2026-11-24T12:00:00Z')

afterEach(() => { hearDate(new Date(NOON).toUTCString(), NOON, NOON + 1000) })

describe('the time at the server', () => {
  it('is that of the device when the two differ by no more than an answer takes', () => {
    hearDate('Tue, 24 Nov 2026 12:00:00 GMT', NOON, NOON + 400)
    expect(atServer(NOON)).toBe(NOON)
  })

  it('is the server\'s when the device is wrong', () => {
    hearDate('Tue, 24 Nov 2026 12:00:00 GMT', NOON - 300_000, NOON - 300_000)
    expect(atServer(NOON - 300_000)).toBe(NOON + 500)
  })

  it('stays as it was without a date', () => {
    hearDate(null, NOON, NOON)
    hearDate('soon', NOON, NOON)
    expect(atServer(NOON)).toBe(NOON)
  })
})
