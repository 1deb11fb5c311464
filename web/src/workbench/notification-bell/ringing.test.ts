import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { AGAIN_SECONDS, useRinging } from './ringing'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

function ringing(first: string[]) {
  const keys = ref(first)
  const rung: string[] = []
  const scope = effectScope()
  const { hush, isHushed } = scope.run(() => useRinging(() => keys.value, (of, isNew) => { rung.push(`${isNew ? 'new' : 'again'} ${of.join(' ')}`) })) as ReturnType<typeof useRinging>
  const become = async (...now: string[]): Promise<void> => {
    keys.value = now
    await nextTick()
  }
  return { rung, become, hush, isHushed, leave: () => { scope.stop() } }
}

describe('the bell', () => {
  it('rings for a new call, again while it stands, more seldom, and no more when it is settled', async () => {
    const { rung, become } = ringing([])
    await become('a')
    expect(rung).toEqual(['new a'])
    vi.advanceTimersByTime(15_000)
    expect(rung).toEqual(['new a', 'again a'])
    vi.advanceTimersByTime(2 * 3600_000)
    expect(rung.length).toBeGreaterThan(100)
    expect(rung.length).toBeLessThan(130)
    const before = rung.length
    await become()
    vi.advanceTimersByTime(3600_000)
    expect(rung).toHaveLength(before)
    expect(AGAIN_SECONDS).toEqual([...AGAIN_SECONDS].sort((a, b) => a - b))
  })

  it('rings for what stands already, as after a reload', () => {
    expect(ringing(['a']).rung).toEqual(['new a'])
  })

  it('is hushed for those who call now, and rings for the next one', async () => {
    const { rung, become, hush, isHushed } = ringing(['a', 'b'])
    hush()
    expect(isHushed.value).toBe(true)
    vi.advanceTimersByTime(3600_000)
    expect(rung).toEqual(['new a b'])
    await become('a', 'b', 'c')
    expect([rung.at(-1), isHushed.value]).toEqual(['new c', false])
    vi.advanceTimersByTime(15_000)
    expect(rung.at(-1)).toBe('again c')
    await become()
    await become('a')
    expect(rung.at(-1), 'once settled, it is another').toBe('new a')
  })

  it('falls silent with its page', () => {
    const { rung, leave } = ringing(['a'])
    leave()
    vi.advanceTimersByTime(3600_000)
    expect(rung).toEqual(['new a'])
  })
})
