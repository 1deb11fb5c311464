import { describe, expect, it } from 'vitest'
import type { Conversation } from '@/api/types'
import type { Talk } from '@/api/frames'
import { canRate, isOrdinary, visitStageOf, type Facts } from './visit-stage'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const past = (some: Partial<Conversation> = {}): Conversation => ({
  id: 'c1', status: 'FINISHED', startTime: NOW - HOUR, endTime: NOW - 60_000, evaluate: null, endReason: 'visitor', ...some,
} as Conversation)
const stage = (some: Partial<Facts>): string => visitStageOf({
  hasConsented: true, hasSession: true, isKnown: true, open: null, last: null, skipped: [], now: NOW, ...some,
})
const talk = (status: Talk['status']): Talk => ({ id: 't', status } as Talk)

describe('where a visitor stands', () => {
  it('is before the door until they have agreed and are known', () => {
    expect(stage({ hasConsented: false, hasSession: false })).toBe('consent')
    expect(stage({ hasSession: false })).toBe('entering')
    expect(stage({ isKnown: false })).toBe('loading')
  })

  it('is where their open conversation is, whatever was before', () => {
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

  it('is the choice when they never talked', () => {
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

describe('an end that the visitor did not choose', () => {
  const REASONS = ['counselor', 'supervisor', 'administrator', 'silence', 'limit', 'absent', 'counselor-gone', 'banned', 'consultation-ended'] as const

  it('is explained, whatever ended it, and however long ago', () => {
    for (const endReason of REASONS) {
      for (const endTime of [NOW, NOW - 25 * HOUR, NOW - 9000 * HOUR]) expect(stage({ last: past({ endReason, endTime }) }), endReason).toBe('ended')
      expect(stage({ last: past({ endReason, startTime: null, status: 'CANCELLED' }) }), endReason).toBe('ended')
    }
    expect(stage({ last: past({ endReason: 'waiting', startTime: null, status: 'TIME_OUT' }) }), 'the waiting limit').toBe('ended')
  })

  it('is explained until it was seen', () => {
    const last = past({ endReason: 'waiting', startTime: null, status: 'TIME_OUT' })
    expect(stage({ last, skipped: ['c0', 'c1'] })).toBe('choose')
    expect(stage({ last: past({ endReason: 'limit', evaluate: { level: 2 } as Conversation['evaluate'] }) }), 'whoever rated it has').toBe('choose')
  })

  it('is ordinary when the counselor said goodbye', () => {
    expect([past({ endReason: 'counselor' }), past({ endReason: 'counselor', startTime: null }), past({ endReason: 'limit' })].map(isOrdinary))
      .toEqual([true, false, false])
  })
})
