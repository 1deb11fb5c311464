import { afterEach, describe, expect, it } from 'vitest'
import { keyOf, SHOWN, useLetters } from './keys'

afterEach(() => { document.body.replaceChildren() })

/** What `key` asks for, pressed in an element of that kind. */
function pressed(key: string, where: HTMLElement = document.body, some: KeyboardEventInit & { keyCode?: number } = {}): ReturnType<typeof keyOf> {
  if (!where.isConnected) document.body.append(where)
  let found: ReturnType<typeof keyOf> = null
  const listen = (event: KeyboardEvent): void => { found = keyOf(event) }
  document.addEventListener('keydown', listen)
  where.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...some }))
  document.removeEventListener('keydown', listen)
  return found
}
function element(tag: string, some: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(some)) made.setAttribute(name, value)
  return made
}
function composer(): HTMLElement {
  const around = element('div', { class: 'composer' })
  document.body.append(around)
  const area = element('textarea')
  around.append(area)
  return area
}

describe('a key', () => {
  it('asks for something on the page, on a button and on a link', () => {
    expect([pressed('n'), pressed('N'), pressed('/'), pressed('?')]).toEqual(['next', 'next', 'search', 'help'])
    expect([pressed('n', element('button')), pressed('n', element('a', { href: '#' })), pressed('n', element('input', { type: 'checkbox' }))])
      .toEqual(['next', 'next', 'next'])
  })

  it('is a letter where somebody types', () => {
    for (const field of [element('input'), element('input', { type: 'search' }), element('textarea'), element('select'), element('div', { contenteditable: 'true' })]) {
      expect([pressed('n', field), pressed('/', field), pressed('?', field)], field.tagName).toEqual([null, null, null])
    }
  })

  it('belongs to the input method while that composes', () => {
    expect([pressed('n', document.body, { isComposing: true }), pressed('n', document.body, { keyCode: 229 })]).toEqual([null, null])
    const area = composer()
    expect([pressed('Escape', area), pressed('Escape', area, { isComposing: true }), pressed('Escape', area, { keyCode: 229 })]).toEqual(['leave', null, null])
  })

  it('with another one is the browser\'s', () => {
    expect([pressed('n', document.body, { ctrlKey: true }), pressed('n', document.body, { metaKey: true }), pressed('/', document.body, { altKey: true })]).toEqual([null, null, null])
  })

  it('of a single letter can be switched off on this device, and Escape still leaves', () => {
    const { areOn, turn } = useLetters()
    turn(false)
    expect([areOn.value, pressed('n'), pressed('?'), pressed('Escape', composer()), localStorage.getItem('hotline.keys')]).toEqual([false, null, null, 'leave', 'off'])
    turn(true)
    expect([areOn.value, pressed('n'), localStorage.getItem('hotline.keys')]).toEqual([true, 'next', null])
  })

  it('stands in the list of keys', () => {
    expect(SHOWN.map(({ key }) => key)).toEqual(expect.arrayContaining(['next', 'search', 'help', 'leave']))
  })
})
