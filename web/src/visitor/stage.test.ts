import { describe, expect, it } from 'vitest'
import type { Conversation } from '@/api/types'
import type { Talk } from '@/socket/frames'
import { canRate, stageOf, unmet, type Facts } from './stage'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const past = (some: Partial<Conversation> = {}): Conversation => ({
  id: 'c1', status: 'FINISHED', startTime: NOW - HOUR, endTime: NOW - 60_000, evaluate: null, endReason: 'counselor', ...some,
} as Conversation)
const stage = (some: Partial<Facts>): string => stageOf({
  hasConsented: true, hasSession: true, isKnown: true, open: null, last: null, skipped: [], now: NOW, ...some,
})
const talk = (status: Talk['status']): Talk => ({ id: 't', status } as Talk)

describe('where a visitor stands', () => {
  it('is before the door until he has agreed and is known', () => {
    expect(stage({ hasConsented: false, hasSession: false })).toBe('consent')
    expect(stage({ hasSession: false })).toBe('entering')
    expect(stage({ isKnown: false })).toBe('loading')
  })

  it('is where his open conversation is, whatever was before', () => {
    expect(stage({ open: talk('WAITING'), last: undefined })).toBe('waiting')
    expect(stage({ open: talk('IN_PROGRESS'), last: past() })).toBe('talk')
  })

  it('is not guessed while the last conversation is being asked', () => {
    expect(stage({ last: undefined })).toBe('loading')
  })

  it('is the rating after each end, once', () => {
    expect(stage({ last: past() })).toBe('rate')
    expect(stage({ last: past({ status: 'TIME_OUT' }) })).toBe('rate')
    expect(stage({ last: past({ evaluate: { level: 5 } as Conversation['evaluate'] }) })).toBe('choose')
    expect(stage({ last: past(), skipped: ['c1'] })).toBe('choose')
    expect(stage({ last: past({ endTime: NOW - 25 * HOUR }) })).toBe('choose')
  })

  it('is the choice when he never talked', () => {
    expect(stage({ last: null })).toBe('choose')
    expect(stage({ last: past({ status: 'CANCELLED', startTime: null }) })).toBe('choose')
  })
})

describe('what can be rated', () => {
  it('is a talk that began and has no rating, however old', () => {
    expect(canRate(past({ endTime: 0 }))).toBe(true)
    expect(canRate(past({ startTime: null }))).toBe(false)
    expect(canRate(past({ status: 'IN_PROGRESS' }))).toBe(false)
  })
})

describe('a line that led nowhere', () => {
  it('is explained for an hour, unless he left it himself', () => {
    const cancelled = past({ status: 'CANCELLED', startTime: null, endReason: 'waiting' })
    expect(unmet(cancelled, NOW)).toBe('waiting')
    expect(unmet({ ...cancelled, endReason: 'visitor' }, NOW)).toBeNull()
    expect(unmet(cancelled, NOW + HOUR)).toBeNull()
    expect([unmet(past(), NOW), unmet(null, NOW), unmet(undefined, NOW)]).toEqual([null, null, null])
  })
})
