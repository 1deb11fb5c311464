import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, watch } from 'vue'
import { forgetClock, syncByEvent } from '@/api/clock'
import { today, useNow } from './clock'
import { tellTimesIn } from './time'

/** In Shanghai. */
const EVENING = Date.parse('2026-11-24T23:59:00+08:00')

beforeEach(() => {
  vi.useFakeTimers({ now: EVENING })
  forgetClock()
  document.dispatchEvent(new Event('visibilitychange'))
})
afterEach(() => {
  tellTimesIn(null)
  vi.useRealTimers()
  forgetClock()
})

describe('the institution\'s day', () => {
  it('turns by itself at midnight there', async () => {
    const days: string[] = []
    const stop = watch(today, (day) => { days.push(day) }, { immediate: true })
    vi.advanceTimersByTime(59_900)
    await nextTick()
    expect(days).toEqual(['2026-11-24'])
    vi.advanceTimersByTime(200)
    await nextTick()
    vi.advanceTimersByTime(3 * 86_400_000)
    await nextTick()
    expect(days).toEqual(['2026-11-24', '2026-11-25', '2026-11-28'])
    stop()
  })

  it('has turned when the page is seen again after a sleep', () => {
    expect(today()).toBe('2026-11-24')
    // Asleep, no timer goes off.
    vi.setSystemTime(EVENING + 8 * 3_600_000)
    document.dispatchEvent(new Event('visibilitychange'))
    expect(today()).toBe('2026-11-25')
  })

  it('is not the device\'s, in a wrong year or another zone', () => {
    vi.setSystemTime(Date.parse('2019-01-01T00:00:00Z'))
    syncByEvent(EVENING)
    expect(today()).toBe('2026-11-24')
    tellTimesIn('Pacific/Auckland')
    expect(today()).toBe('2026-11-25')
  })
})

describe('the time on a page', () => {
  it('goes on while somebody looks, and is right at once when it was corrected', () => {
    let now = { value: 0 }
    const page = mount(defineComponent({ setup() { now = useNow(5000); return () => h('div') } }))
    expect(now.value).toBe(EVENING)
    vi.advanceTimersByTime(5000)
    expect(now.value).toBe(EVENING + 5000)
    syncByEvent(EVENING + 3_600_000)
    expect(now.value).toBe(EVENING + 3_600_000)
    page.unmount()
    vi.advanceTimersByTime(5000)
    expect(now.value).toBe(EVENING + 3_600_000)
  })
})
