import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import type { Addressee, Content } from '@/shared/im/chat'
import { useChats } from '@/shared/stores/chats'
import { soon } from '@/testing/soon'
import TalkMessages from './talk-messages.vue'

const PICTURE = new File(['x'], 'a.png', { type: 'image/png' })
let said: [Addressee, Content][]
enableAutoUnmount(afterEach)

/** The desk with the talk `conversation` open. */
const open = (conversation: string): Record<string, unknown> => ({
  conversation, thread: null, viewpoint: 'me', to: { conversation, peer: conversation }, canWrite: true, label: conversation,
})
function desk(): VueWrapper {
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useChats(), 'say').mockImplementation((to, content) => { said.push([to, content]) })
  return mount(TalkMessages, { props: open('a') as never, attachTo: document.body, global: { plugins: [pinia, makeI18n(words)], stubs: { MessageList: true } } })
}

beforeEach(() => {
  said = []
  sessionStorage.clear()
  localStorage.setItem('hotline.language', 'zh')
})

describe('words of one\'s own', () => {
  it('can be taken back while the talk goes on, and not after its end', async () => {
    const shown = desk()
    const canRecall = (): unknown => shown.getComponent({ name: 'MessageList' }).props('canRecall')
    expect(canRecall()).toBe(true)
    await shown.setProps({ canWrite: false })
    expect(canRecall()).toBe(false)
  })
})

describe('a picture meant for one talk', () => {
  it('goes to no other that was opened while it was asked whether to send it', async () => {
    const shown = desk()
    await shown.get('.composer').trigger('paste', { clipboardData: { files: [PICTURE], getData: () => '' } })
    await soon(() => { expect(document.querySelector('.ask-picture img')).not.toBeNull() })
    await shown.setProps(open('b'))
    await flushPromises()
    document.querySelectorAll<HTMLElement>('.ask-picture footer button').item(1)?.click()
    await flushPromises()
    expect(said).toEqual([])
  })

  it('goes to no other that was opened while it was being chosen', async () => {
    const shown = desk()
    const chooser = shown.get<HTMLInputElement>('input[type=file]').element
    await shown.setProps(open('b'))
    await flushPromises()
    Object.defineProperty(chooser, 'files', { value: [PICTURE] })
    chooser.dispatchEvent(new Event('change'))
    expect(said).toEqual([])
  })

  it('is sent where it was meant for', async () => {
    const shown = desk()
    await shown.get('.composer').trigger('paste', { clipboardData: { files: [PICTURE], getData: () => '' } })
    await soon(() => { expect(document.querySelector('.ask-picture img')).not.toBeNull() })
    document.querySelectorAll<HTMLElement>('.ask-picture footer button').item(1)?.click()
    await flushPromises()
    expect(said).toEqual([[{ conversation: 'a', peer: 'a' }, { image: PICTURE }]])
  })
})
