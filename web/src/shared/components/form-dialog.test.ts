import { enableAutoUnmount, mount } from '@vue/test-utils'
import { ElDialog, ElMessageBox } from 'element-plus'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick, ref } from 'vue'
import { mayLeavePage, useChanged, useUnsaved } from '@/shared/composables/unsaved'
import { soon } from '@/testing/soon'
import FormDialog from './form-dialog.vue'

const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })
enableAutoUnmount(afterEach)

let asked: ReturnType<typeof vi.spyOn>
let answer: 'discard' | 'stay'

beforeEach(() => {
  answer = 'stay'
  asked = vi.spyOn(ElMessageBox, 'confirm').mockImplementation(() =>
    (answer === 'discard' ? Promise.resolve('confirm') : Promise.reject(new Error('cancel'))) as never)
})
afterEach(() => {
  asked.mockRestore()
})

async function form(isDirty: boolean) {
  const isShown = ref(true)
  const wrapper = mount(() => h(FormDialog, {
    modelValue: isShown.value, 'onUpdate:modelValue': (yes: boolean) => { isShown.value = yes }, isDirty, appendToBody: true,
  } as never, {
    default: () => h('input', { class: 'field' }),
    footer: ({ close }: { close: () => void }) => h('button', { class: 'cancel', onClick: close }),
  }), { attachTo: document.body, global: { components: { ElDialog }, stubs: { transition: false } } })
  await settled()
  return { isShown, wrapper }
}
const escape = async (): Promise<void> => {
  document.querySelector('.field')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', bubbles: true }))
  await settled()
}
const cancel = async (): Promise<void> => {
  document.querySelector<HTMLElement>('.cancel')?.click()
  await settled()
}

describe('a form with something typed', () => {
  it.each([['Escape', escape], ['its button', cancel]])('asks before %s throws it away, and stays if it may not', async (_, closes) => {
    const { isShown } = await form(true)
    await closes()
    expect([asked.mock.calls.length, isShown.value]).toEqual([1, true])
    answer = 'discard'
    await closes()
    await soon(() => { expect([asked.mock.calls.length, isShown.value]).toEqual([2, false]) })
  })

  it('closes without a word when nothing was typed', async () => {
    const { isShown } = await form(false)
    await escape()
    await soon(() => { expect([asked.mock.calls.length, isShown.value]).toEqual([0, false]) })
  })

  it('keeps the page, and the window', async () => {
    const { wrapper } = await form(true)
    expect(await mayLeavePage()).toBe(false)
    answer = 'discard'
    expect(await mayLeavePage()).toBe(true)
    const closing = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(closing)
    expect(closing.defaultPrevented).toBe(true)
    wrapper.unmount()
    const later = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(later)
    expect([later.defaultPrevented, await mayLeavePage()]).toEqual([false, true])
  })

  it('that is found again at its page is asked about only when the window closes', async () => {
    mount({ setup() { useUnsaved(() => true, { isKept: true }); return () => h('div') } })
    expect(await mayLeavePage()).toBe(true)
    const closing = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(closing)
    expect(closing.defaultPrevented).toBe(true)
  })
})

describe('what a form holds', () => {
  it('is compared with what it held when it was opened', async () => {
    const name = ref('林')
    const { isChanged, settle } = useChanged(() => ({ name: name.value }))
    expect(isChanged.value).toBe(false)
    name.value = '林晓'
    expect(isChanged.value).toBe(true)
    settle()
    await nextTick()
    expect(isChanged.value).toBe(false)
  })
})
