import { enableAutoUnmount, mount } from '@vue/test-utils'
import { ElDialog } from 'element-plus'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick } from 'vue'
import { keepComposingEscape } from './composing'

enableAutoUnmount(afterEach)

let leave: () => void = () => {}
afterEach(() => { leave() })

/** An open dialog; its field has the cursor. Says how often the dialog was to close. */
async function dialog() {
  const closes = vi.fn()
  mount(ElDialog, {
    props: { modelValue: true, appendToBody: true, beforeClose: closes },
    slots: { default: () => h('input', { class: 'field' }) },
    attachTo: document.body,
  })
  await nextTick()
  await nextTick()
  const field = document.querySelector('.field') as HTMLInputElement
  const press = (some: KeyboardEventInit & { keyCode?: number }): number => {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', bubbles: true, cancelable: true, ...some }))
    return closes.mock.calls.length
  }
  return { press }
}

describe('Escape', () => {
  it('closes nothing while an input method composes, however the browser says so', async () => {
    leave = keepComposingEscape()
    const { press } = await dialog()
    expect(press({ isComposing: true }), 'composing').toBe(0)
    expect(press({ keyCode: 229, key: 'Process' }), 'by 229 alone').toBe(0)
    expect(press({}), 'its own').toBe(1)
  })

  it('is left to the input method', () => {
    leave = keepComposingEscape()
    const event = new KeyboardEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true, cancelable: true })
    document.body.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(false)
  })
})
