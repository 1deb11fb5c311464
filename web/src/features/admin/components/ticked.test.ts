import { beforeEach, describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { TICKED_MAX, useTicked } from './ticked'

beforeEach(() => { sessionStorage.clear() })

describe('ticks', () => {
  it('outlive a reload, for the same person and list', () => {
    useTicked(ref('me.talks')).set(['a', 'b'], true)
    expect(useTicked(ref('me.talks')).all()).toEqual(['a', 'b'])
    expect(useTicked(ref('you.talks')).count.value).toBe(0)
  })

  it('are counted once, and go away', () => {
    const key = ref('k')
    const ticked = useTicked(key)
    ticked.set(['a', 'b'], true)
    ticked.set(['b', 'c'], true)
    ticked.set(['a'], false)
    expect([ticked.count.value, ticked.has('a'), ticked.has('c')]).toEqual([2, false, true])
    key.value = 'other'
    expect(ticked.count.value).toBe(0)
    key.value = 'k'
    ticked.clear()
    expect(ticked.all()).toEqual([])
  })

  it('are never more than may be exported at once', () => {
    const ticked = useTicked(ref('k'))
    ticked.set(Array.from({ length: TICKED_MAX + 5 }, (_, at) => String(at)), true)
    expect(ticked.count.value).toBe(TICKED_MAX)
  })

  it('survive rubbish in the store', () => {
    sessionStorage.setItem('k', '{')
    expect(useTicked(ref('k')).count.value).toBe(0)
  })
})
