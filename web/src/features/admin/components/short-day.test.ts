import { describe, expect, it } from 'vitest'
import { shortDay } from './short-day'

const NOW = Date.parse('2026-11-24T08:00:00+08:00')

describe('a short day', () => {
  it('says the year only where it is another one, in the institution’s zone', () => {
    const midnight = Date.parse('2026-01-01T00:30:00+08:00')
    expect([shortDay(midnight, NOW, 'zh'), shortDay(midnight, NOW, 'en')]).toEqual(['1月1日', '1 Jan'])
    expect([shortDay(midnight - 3_600_000, NOW, 'zh'), shortDay(midnight - 3_600_000, NOW, 'en')]).toEqual(['2025年12月31日', '31 Dec 2025'])
  })
})
