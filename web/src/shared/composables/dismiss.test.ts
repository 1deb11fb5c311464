import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { useDismiss } from './dismiss'

const isShown = ref(false)
const after = vi.fn()
let page: VueWrapper

beforeEach(async () => {
  isShown.value = false
  after.mockClear()
  page = mount(defineComponent({
    setup() {
      useDismiss(isShown, '.shown, .opener', after)
      return () => [h('button', { class: 'opener' }), h('div', { class: 'shown' }, [h('i')]), h('p')]
    },
  }), { attachTo: document.body })
  isShown.value = true
  await nextTick()
})
afterEach(() => { page.unmount() })

const presses = (init: KeyboardEventInit): void => { document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...init })) }

describe('what is shown for a moment', () => {
  it('is closed by a click beside it, not by one within it or on what opens it', async () => {
    await page.get('.shown i').trigger('click')
    await page.get('.opener').trigger('click')
    expect([isShown.value, after.mock.calls.length]).toEqual([true, 0])
    await page.get('p').trigger('click')
    expect([isShown.value, after.mock.calls.length]).toEqual([false, 1])
  })

  it('is closed by Escape, unless that belongs to an input method', () => {
    presses({ key: 'a' })
    presses({ key: 'Escape', isComposing: true })
    expect(isShown.value).toBe(true)
    presses({ key: 'Escape' })
    expect([isShown.value, after.mock.calls.length]).toEqual([false, 1])
  })

  it('hears nothing any more once it is closed, or its page is gone', async () => {
    isShown.value = false
    await nextTick()
    presses({ key: 'Escape' })
    isShown.value = true
    await nextTick()
    page.unmount()
    presses({ key: 'Escape' })
    expect([isShown.value, after.mock.calls.length]).toEqual([true, 0])
  })
})
