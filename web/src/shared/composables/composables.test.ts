import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { places, typedAt } from '@/shared/kept/words'
import { useLoading } from './loading'
import { dayOf, startOfDay, tellTimesIn, useTime } from './time'
import { queryFor, readFilter, useUrlFilters } from './url-filters'

beforeEach(() => { localStorage.setItem('hotline.language', 'zh') })
afterEach(() => {
  vi.useRealTimers()
  tellTimesIn(null)
})

/** Runs `setup` as a component would. */
function within<T>(setup: () => T, plugins: NonNullable<Parameters<typeof mount>[1]>['global'] = {}): T {
  let made: T | undefined
  mount(defineComponent({ setup() { made = setup(); return () => h('div') } }), { global: plugins })
  return made as T
}
const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })

describe('times', () => {
  it('are told in the institution\'s zone, wherever the page is', () => {
    const lateEvening = Date.UTC(2026, 10, 23, 16, 30)
    expect(dayOf(lateEvening)).toBe('2026-11-24')
    expect(startOfDay('2026-11-24')).toBe(Date.UTC(2026, 10, 23, 16))
    const { clock, near, full } = within(useTime, { plugins: [makeI18n(words)] })
    expect([clock(lateEvening), full(lateEvening)]).toEqual(['00:30', '2026/11/24 00:30'])
    expect(near(lateEvening, lateEvening + 3_600_000)).toBe('00:30')
    expect(near(lateEvening, lateEvening + 86_400_000)).toBe('昨天 00:30')
    expect(near(lateEvening, lateEvening + 90 * 86_400_000)).toBe('2026年11月24日 00:30')
  })

  it('follow the zone that the server names, also where clocks change', () => {
    const { clock } = within(useTime, { plugins: [makeI18n(words)] })
    tellTimesIn('Asia/Urumqi')
    expect([clock(Date.UTC(2026, 10, 23, 18, 30)), dayOf(Date.UTC(2026, 10, 23, 17, 30))]).toEqual(['00:30', '2026-11-23'])
    tellTimesIn('America/New_York')
    const springs = ['2026-03-08', '2026-03-09', '2026-11-01', '2026-11-02'].map((day) => startOfDay(day))
    expect(springs).toEqual([Date.UTC(2026, 2, 8, 5), Date.UTC(2026, 2, 9, 4), Date.UTC(2026, 10, 1, 4), Date.UTC(2026, 10, 2, 5)])
    tellTimesIn('Nowhere/At_All')
    expect(clock(Date.UTC(2026, 10, 23, 16, 30)), 'one that this browser does not know').toBe('00:30')
  })

  it('last as people say', () => {
    const { length, stopwatch } = within(useTime, { plugins: [makeI18n(words)] })
    expect([null, 16_000, 59_700, 59 * 60_000, 3_600_000 + 5 * 60_000].map(length)).toEqual(['—', '16 秒', '1 分钟', '59 分钟', '1 小时 5 分钟'])
    expect([0, 61_000, 3_725_000, -5].map(stopwatch)).toEqual(['00:00', '01:01', '1:02:05', '00:00'])
  })
})

describe('something asked of the server', () => {
  it('drops an answer that was overtaken', async () => {
    const answers: ((value: string) => void)[] = []
    const { data, isLoading, load } = within(() => useLoading(() => new Promise<string>((resolve) => { answers.push(resolve) })))
    void load()
    void load()
    answers[1]?.('new')
    await settled()
    answers[0]?.('old')
    await settled()
    expect([data.value, isLoading.value]).toEqual(['new', false])
  })

  it('keeps what was there when asking again fails', async () => {
    const ask = vi.fn<() => Promise<string>>().mockResolvedValueOnce('there').mockRejectedValueOnce(new Error('gone'))
    const { data, error, load } = within(() => useLoading(ask))
    await load()
    await load()
    expect([data.value, (error.value as Error).message]).toEqual(['there', 'gone'])
  })
})

describe('the filters of a list', () => {
  it('are read as what they are', () => {
    expect([readFilter('3', 1), readFilter('x', 1), readFilter('', 1), readFilter(undefined, 1)]).toEqual([3, 1, 1, 1])
    expect([readFilter('true', false), readFilter('false', true), readFilter('林', null), readFilter(null, null)]).toEqual([true, false, '林', null])
  })

  it('live in the URL, and a change goes back to the first page', async () => {
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })
    await router.push('/?page=3&name=林&tab=other')
    const { filters, change, reset } = within(() => useUrlFilters({ page: 0, name: '', open: false }), { plugins: [router] })
    expect(filters.value).toEqual({ page: 3, name: '林', open: false })
    change({ open: true })
    await settled()
    expect(router.currentRoute.value.query).toEqual({ name: '林', tab: 'other', open: 'true' })
    change({ page: 2 })
    await settled()
    expect(filters.value).toEqual({ page: 2, name: '林', open: true })
    reset()
    await settled()
    expect(router.currentRoute.value.query).toEqual({ tab: 'other' })
  })

  it('have no words in the URL that somebody typed, and find them by a mark', async () => {
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:any*', component: { template: '' } }] })
    await router.push('/list?page=3&name=%E6%97%A7')
    const { filters, change, reset } = within(() => useUrlFilters({ page: 1 }, { name: '', phone: '' }), { plugins: [router] })
    expect(filters.value, 'a name in an address is none').toEqual({ page: 3, name: '', phone: '' })
    const seen: string[] = []
    router.afterEach(({ fullPath }) => { seen.push(decodeURIComponent(fullPath)) })
    change({ name: '林' })
    await settled()
    expect(filters.value).toEqual({ page: 1, name: '林', phone: '' })
    change({ phone: '13712309876' })
    await settled()
    await router.push('/elsewhere')
    await router.push(`/list?sought=${new URLSearchParams(seen.at(-2)?.split('?')[1]).get('sought') ?? ''}`)
    expect(filters.value).toEqual({ page: 1, name: '林', phone: '13712309876' })
    expect(seen.filter((address) => /林|137/.test(address))).toEqual([])
    await router.push('/list?sought=unknown')
    expect(filters.value).toEqual({ page: 1, name: '', phone: '' })
    await router.push(`/list?${new URLSearchParams(queryFor({ name: '张' })).toString()}`)
    expect(filters.value.name).toBe('张')
    reset()
    await settled()
    expect(router.currentRoute.value.query).toEqual({})
  })

  it('remember the last searches, not all', async () => {
    const marks = Array.from({ length: 60 }, (_, n) => queryFor({ name: `${n}` }).sought)
    expect(places('sought.')).toHaveLength(50)
    expect(marks.filter((mark) => typedAt(`sought.${mark}`) !== '')).toEqual(marks.slice(-50))
  })
})
