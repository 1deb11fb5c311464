import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { forgetClock } from '@/api/clock'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/visitor'
import type { Place, Talk } from '@/api/frames'
import { NOTHING_KNOWN } from '@/shared/socket/reducer'
import { useLive } from '@/shared/stores/live'
import Waiting from './pages/waiting.vue'

/** In Shanghai, where the institution is. */
const EVENING = Date.parse('2026-11-30T21:00:00+08:00')
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** What a visitor reads who waits like this. */
function reads(place: Partial<Place>, wanted: string | null = null): string {
  setActivePinia(createPinia())
  const i18n = makeI18n(words)
  useLive().view = {
    ...NOTHING_KNOWN,
    conversation: { id: 't', visitor: 'me', counselor: null, wanted, status: 'WAITING', common: wanted === null, createdTime: EVENING } as Talk,
    place: {
      position: 1, ahead: 0, counselorState: null, estimatedWaitSeconds: null, next: false, waitUntil: EVENING + 30 * MINUTE, nextShift: null, ...place,
    },
  }
  const page = mount(Waiting, { global: { plugins: [i18n], stubs: ['el-button', 'el-icon'] } })
  const text = page.text()
  page.unmount()
  return text
}

beforeEach(() => {
  localStorage.setItem('hotline.language', 'zh')
  vi.useFakeTimers({ now: EVENING })
  forgetClock()
})
afterEach(() => { vi.useRealTimers() })

describe('whoever waits', () => {
  it('is told to be next only where the server says so', () => {
    expect(reads({ next: true })).toContain('下一位就是你')
    expect(reads({ next: true, estimatedWaitSeconds: 300 })).toContain('预计还要约 5 分钟')
    for (const place of [{ next: false }, { ahead: 2 }, { counselorState: 'offline' as const }]) expect(reads(place)).not.toContain('下一位')
    expect(reads({ ahead: 2 })).toContain('前面还有 2 位')
  })

  it('with nobody online is told until when they may wait, and who may be called; and no time that nobody knows', () => {
    const text = reads({ estimatedWaitSeconds: 300 })
    expect(text).toContain('现在没有咨询师在线')
    expect(text).toContain('最晚可以等到 21:30')
    expect(text).toContain('12356')
    expect(text).not.toMatch(/预计|尽快|马上|有人值班/)
  })

  it('is told when somebody has a shift again, if that is known', () => {
    const midnight = Date.parse('2026-12-01T00:00:00+08:00')
    expect(reads({ nextShift: midnight })).toMatch(/下一次有人值班：明天 12月1日/)
    expect(reads({ nextShift: midnight + 2 * DAY, ahead: 3 })).toMatch(/下一次有人值班：12月3日/)
    expect(reads({ nextShift: midnight, waitUntil: EVENING + 4 * 60 * MINUTE })).toContain('最晚可以等到 明天 01:00')
  })
})
