import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useSteady } from './steady'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

describe('news', () => {
  it('are followed at once, then gathered, and none is lost', () => {
    const act = vi.fn()
    const scope = effectScope()
    const news = scope.run(() => useSteady(act, 2000))!
    news()
    expect(act).toHaveBeenCalledTimes(1)
    for (let at = 0; at < 50; at++) news()
    expect(act).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(2000)
    expect(act).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(10_000)
    expect(act).toHaveBeenCalledTimes(2)
    news()
    expect(act).toHaveBeenCalledTimes(3)
    news()
    scope.stop()
    vi.advanceTimersByTime(10_000)
    expect(act).toHaveBeenCalledTimes(3)
  })
})
