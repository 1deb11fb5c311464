import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { computed, type Component, type Ref } from 'vue'
import { Refused, Unreachable } from '@/api/answer'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { notice, type Message } from '@/shared/im/chat'
import { discardTyped, typedAt } from '@/shared/kept/words'
import { soon } from '@/testing/soon'
import Bubble from './bubble.vue'
import Composer from './composer.vue'
import MessageList from './message-list.vue'
import { isOnlyEmoji, rowsOf } from './rows'

// Nothing has a size here: the first twenty rows count as near the window.
vi.mock('@tanstack/vue-virtual', () => ({
  useVirtualizer: (options: Ref<{ count: number }>) => computed(() => ({
    getVirtualItems: () => Array.from({ length: Math.min(20, options.value.count) }, (_, index) => ({ index, start: index * 40 })),
    getTotalSize: () => options.value.count * 40,
    measureElement: () => {},
  })),
}))

const T0 = Date.UTC(2026, 10, 24, 1)
const said = (key: string, time: number, some: Partial<Message> = {}): Message => ({
  key, id: key, ref: null, from: 'visitor', time, body: { kind: 'text', text: key }, isRevoked: false, isReadByPeer: false,
  sequence: 0, random: 0, notice: null, state: 'stored', reason: null, ...some,
})

// In the same global as the browser's, so that words are there.
const render = (component: Component, props: Record<string, unknown>): VueWrapper =>
  mount(component, { props, attachTo: document.body, global: { plugins: [makeI18n(words)] } })

beforeEach(() => {
  setActivePinia(createPinia())
  sessionStorage.clear()
  discardTyped()
  localStorage.setItem('hotline.language', 'zh')
})

describe('the rows of a talk', () => {
  it('tell the time at the start, after a silence and on a new day', () => {
    const rows = rowsOf([said('a', T0), said('b', T0 + 60_000), said('c', T0 + 400_000)], 'me')
    expect(rows.map(({ kind }) => kind)).toEqual(['time', 'said', 'said', 'time', 'said'])
    const midnight = Date.UTC(2026, 10, 24, 16)
    expect(rowsOf([said('a', midnight - 1000), said('b', midnight + 1000)], 'me').map(({ kind }) => kind)).toEqual(['time', 'said', 'time', 'said'])
  })

  it('show who speaks at the first of several, and what is one\'s own', () => {
    const rows = rowsOf([said('a', T0), said('b', T0), said('c', T0, { from: 'me' }), notice(1, T0, 'silence', '…'), said('d', T0, { from: 'me' })], 'me')
    expect(rows.flatMap((row) => (row.kind === 'said' ? [[row.key, row.isOwn, row.isFirst]] : [])))
      .toEqual([['a', false, true], ['b', false, false], ['c', true, true], ['d', true, true]])
  })

  it('say of what was taken back only that it was', () => {
    const rows = rowsOf([said('secret', T0, { isRevoked: true })], 'me')
    expect(rows.map(({ kind }) => kind)).toEqual(['time', 'recalled'])
  })

  it('have a mark where messages may be missing', () => {
    const messages = [said('a', T0), said('b', T0), said('c', T0)]
    const kinds = (after: string | null): string[] => rowsOf(messages, 'me', { after }).map(({ kind, key }) => (kind === 'said' ? key : kind))
    expect([kinds('b'), kinds(null), kinds('c')]).toEqual([
      ['time', 'a', 'b', 'missing', 'c'], ['missing', 'time', 'a', 'b', 'c'], ['time', 'a', 'b', 'c', 'missing'],
    ])
  })

  it('know when there is nothing but emoji', () => {
    expect(['😭', '❤️', '👨‍👩‍👧', '😊😊 '].map(isOnlyEmoji)).toEqual([true, true, true, true])
    expect(['', '好😭', '12', '😭😭😭😭'].map(isOnlyEmoji)).toEqual([false, false, false, false])
  })
})

describe('the messages of a talk', () => {
  beforeEach(() => {
    vi.stubGlobal('ResizeObserver', class {
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    })
  })
  afterEach(() => { vi.unstubAllGlobals() })
  let isPaper = false
  beforeEach(() => { vi.stubGlobal('matchMedia', () => ({ matches: isPaper, addEventListener() {}, removeEventListener() {} })) })

  const list = (some: Record<string, unknown>): VueWrapper => render(MessageList, { viewpoint: 'me', messages: [said('m', T0)], ...some })

  it('say where some may be missing when the record could not be read again, and ask once more', async () => {
    expect(list({ state: 'there' }).find('.missing').exists()).toBe(false)
    const shown = list({ state: 'wrong', error: new Error('gone'), missing: { after: 'm' } })
    await shown.get('.missing button').trigger('click')
    expect(shown.emitted('again')).toHaveLength(1)
  })

  it('do not say that they are being read again where that was refused', () => {
    const said = (error: Error): string => list({ state: 'wrong', error, missing: { after: 'm' } }).get('.missing').text()
    expect(said(new Unreachable(503))).toContain('正在重新读取')
    expect(said(new Refused(-5, '无权查看'))).not.toContain('正在重新读取')
  })

  it('are all on paper, also those that no window had room for', () => {
    const messages = Array.from({ length: 60 }, (_, n) => said(`m${n}`, T0 + n))
    isPaper = true
    expect(list({ state: 'there', messages }).findAll('.bubble')).toHaveLength(60)
    isPaper = false
  })

  it('stay none while they are read again', async () => {
    const shown = list({ state: 'loading', messages: [] })
    expect(shown.find('.bones').exists()).toBe(true)
    await shown.setProps({ state: 'there' })
    await shown.setProps({ state: 'loading' })
    expect(shown.find('.bones').exists()).toBe(false)
  })

  it('are asked for again where there are none', async () => {
    const shown = list({ state: 'wrong', error: new Error('gone'), messages: [] })
    expect(shown.find('.missing').exists()).toBe(false)
    await shown.get('.said button').trigger('click')
    expect(shown.emitted('again')).toHaveLength(1)
  })
})

describe('a bubble', () => {
  const props = { isOwn: true, isFirst: true, isMine: true, canRecall: true, now: T0 + 60_000 }

  it('shows what was typed as it was typed', () => {
    const text = '<img src=x onerror=alert(1)><b>x</b>'
    const bubble = render(Bubble, { ...props, message: said('m', T0, { body: { kind: 'text', text } }) })
    expect(bubble.find('.bubble').text()).toBe(text)
    expect(bubble.find('.bubble').element.children).toHaveLength(0)
  })

  it('can be taken back by its author for two minutes', async () => {
    const bubble = render(Bubble, { ...props, message: said('m', T0) })
    expect(bubble.find('.recall').exists()).toBe(true)
    await bubble.setProps({ now: T0 + 120_000 })
    expect(bubble.find('.recall').exists()).toBe(false)
    await bubble.setProps({ now: T0, isMine: false })
    expect(bubble.find('.recall').exists()).toBe(false)
  })

  it('cannot be taken back any more when the talk is over, and still says whether it was read', async () => {
    const bubble = render(Bubble, { ...props, canRecall: false, message: said('m', T0) })
    expect([bubble.find('.recall').exists(), bubble.text()]).toEqual([false, expect.stringContaining('未读')])
  })

  it('says whether it was read, is on its way, or failed and why', async () => {
    const bubble = render(Bubble, { ...props, message: said('m', T0) })
    expect(bubble.text()).toContain('未读')
    await bubble.setProps({ message: said('m', T0, { isReadByPeer: true }) })
    expect(bubble.text()).toContain('已读')
    await bubble.setProps({ message: said('m', T0, { state: 'failed', reason: { key: '', words: '会话已结束' } }) })
    expect(bubble.text()).toContain('会话已结束')
    await bubble.setProps({ message: said('m', T0, { state: 'failed', reason: { key: 'busy', words: '…' } }) })
    expect(bubble.text()).toContain('系统繁忙，请稍后重试')
    await bubble.find('.failed').trigger('click')
    expect(bubble.emitted('resend')).toHaveLength(1)
  })
})

describe('the composer', () => {
  const compose = async (text: string): Promise<VueWrapper> => {
    const composer = render(Composer, { conversation: 'c1' })
    await composer.find('textarea').setValue(text)
    return composer
  }
  const spoken = (composer: VueWrapper): unknown[] => (composer.emitted('say') ?? []).map(([content]) => content)

  it('sends with Enter, once, and is empty then', async () => {
    const composer = await compose('  你好  ')
    await composer.find('textarea').trigger('keydown', { key: 'Enter' })
    expect(spoken(composer)).toEqual([{ text: '你好' }])
    await composer.find('textarea').trigger('keydown', { key: 'Enter' })
    expect(spoken(composer)).toHaveLength(1)
    expect(typedAt('draft.c1')).toBe('')
  })

  it('sends nothing while a character is being chosen, or a line ends', async () => {
    const composer = await compose('nihao')
    await composer.find('textarea').trigger('keydown', { key: 'Enter', isComposing: true })
    await composer.find('textarea').trigger('keydown', { key: 'Enter', keyCode: 229 })
    await composer.find('textarea').trigger('keydown', { key: 'Enter', shiftKey: true })
    expect(spoken(composer)).toEqual([])
  })

  it('keeps what is not yet said, for each talk', async () => {
    const composer = await compose('没说完')
    await composer.setProps({ conversation: 'c2' })
    expect(composer.find('textarea').element.value).toBe('')
    await composer.setProps({ conversation: 'c1' })
    expect(composer.find('textarea').element.value).toBe('没说完')
    // Element Plus measures the field once more after the change.
    await new Promise((resolve) => { setTimeout(resolve) })
    composer.unmount()
    expect(render(Composer, { conversation: 'c1' }).find('textarea').element.value).toBe('没说完')
  })

  it('sends no more than the server takes', async () => {
    const composer = await compose('字'.repeat(4001))
    await composer.find('textarea').trigger('keydown', { key: 'Enter' })
    expect(spoken(composer)).toEqual([])
    await composer.find('textarea').setValue('😊'.repeat(4000))
    await composer.find('textarea').trigger('keydown', { key: 'Enter' })
    expect(spoken(composer)).toHaveLength(1)
  })

  const PICTURE = new File(['x'], 'a.png', { type: 'image/png' })
  const dialog = (): HTMLElement | null => document.querySelector('.ask-picture')
  const press = async (button: 'first' | 'last'): Promise<void> => {
    await soon(() => { expect(dialog()?.querySelector('img')).not.toBeNull() })
    const buttons = [...dialog()?.querySelectorAll<HTMLElement>('footer button') ?? []]
    buttons.at(button === 'first' ? 0 : -1)?.click()
    await flushPromises()
  }

  it('shows a picture that is pasted, and sends it only after a yes', async () => {
    const composer = await compose('')
    const paste = (...files: File[]): Promise<void> => composer.trigger('paste', { clipboardData: { files, getData: () => '' } })
    await paste(new File(['<svg/>'], 'a.svg', { type: 'image/svg+xml' }), new File([new Uint8Array(6 * 1024 * 1024)], 'b.png', { type: 'image/png' }))
    expect(dialog()?.querySelector('img') ?? null).toBeNull()
    await paste(PICTURE)
    await press('first')
    expect(spoken(composer)).toEqual([])
    await paste(PICTURE)
    await press('last')
    expect(spoken(composer)).toEqual([{ image: PICTURE }])
  })

  it('takes the text of what was copied as text and picture together', async () => {
    const composer = await compose('')
    const event = new Event('paste', { bubbles: true, cancelable: true })
    Object.assign(event, { clipboardData: { files: [PICTURE], getData: () => 'A1\tB1' } })
    composer.find('textarea').element.dispatchEvent(event)
    expect([event.defaultPrevented, spoken(composer)]).toEqual([false, []])
  })

  it('takes text that is dropped beside the field, too', async () => {
    const composer = await compose('前')
    await composer.find('.tools').trigger('drop', { dataTransfer: { files: [], types: ['text/plain'], getData: () => '拖来的' } })
    expect(composer.find('textarea').element.value).toContain('拖来的')
    const inField = new Event('drop', { bubbles: true, cancelable: true })
    Object.assign(inField, { dataTransfer: { files: [], types: ['text/plain'], getData: () => '…' } })
    composer.find('textarea').element.dispatchEvent(inField)
    expect(inField.defaultPrevented, 'the browser puts it where it was dropped').toBe(false)
  })

  it('says why one cannot write', () => {
    const composer = render(Composer, { conversation: 'c1', disabled: true, reason: '咨询已结束' })
    expect([composer.text(), composer.find('textarea').exists()]).toEqual(['咨询已结束', false])
  })
})
