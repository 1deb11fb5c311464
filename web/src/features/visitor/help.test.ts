import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import html from '../../../visitor.html?raw'
import { followsWhatIsSeen, listNumbers } from './help'
import { dialled, keepNumbers, numbersOf, usualKey } from './numbers'

const page = new DOMParser().parseFromString(html, 'text/html')
const linksOf = (of: ParentNode): string[][] => [...of.querySelectorAll('.help a')].map((link) => [link.getAttribute('href') ?? '', link.querySelector('b')?.textContent ?? ''])

beforeEach(() => { localStorage.clear() })
afterEach(() => {
  document.documentElement.removeAttribute('style')
  document.body.removeAttribute('style')
})

describe('help in the page', () => {
  it('stands there without any script, in both languages, with the usual numbers', () => {
    expect(linksOf(page)).toEqual(numbersOf(undefined).map(({ number }) => [`tel:${number}`, number]))
    const said = [...page.querySelectorAll('.help summary [lang]')].map((one) => [one.getAttribute('lang'), one.textContent])
    expect(said).toEqual([['zh-CN', '紧急求助'], ['en', 'Emergency help']])
    expect(page.querySelector('#app .help'), 'what the app takes away when it starts').toBeNull()
    expect([...page.querySelectorAll('script:not([src]), style, [onclick]')], 'the policy allows none').toEqual([])
  })

  it('has the institution\'s numbers once they are known, as words and never as HTML', () => {
    const help = page.querySelector('.help')!
    listNumbers(help, [{ name: '<b>校园</b>', number: '021-5555 (白天)' }], ({ name }) => name)
    expect(linksOf(page)).toEqual([['tel:0215555', '021-5555 (白天)']])
    expect(help.querySelector('bdi')?.textContent).toBe('<b>校园</b>')
  })
})

describe('the numbers to call', () => {
  it('are never none', () => {
    for (const kept of [null, '[]', 'broken', '{}', '[{"name":1}]']) {
      if (kept !== null) localStorage.setItem('hotline.visitor.emergency', kept)
      expect(numbersOf(undefined).map(({ number }) => number), String(kept)).toEqual(['12356', '110', '120'])
    }
    expect(numbersOf([])).toHaveLength(3)
  })

  it('are the institution\'s, also without the server once it told them', () => {
    const own = [{ name: '校园热线', number: '021-5555' }]
    keepNumbers(own)
    expect([numbersOf(undefined), numbersOf([{ name: '别的', number: '1' }])]).toEqual([own, [{ name: '别的', number: '1' }]])
  })

  it('have a name in the other language where everybody has them', () => {
    expect([usualKey({ name: '报警', number: '110' }), usualKey({ name: '保卫处', number: '110' })]).toEqual(['visitor.emergency.usual.110', null])
    expect(dialled('+86 (10) 1-2#')).toBe('tel:+861012#')
  })
})

describe('what is seen of the window', () => {
  const seen = (height: number, offsetTop: number, scale = 1): VisualViewport =>
    Object.assign(new EventTarget(), { height, offsetTop, scale }) as VisualViewport
  const shown = (): string[] => [document.documentElement.style.getPropertyValue('--seen-height'), document.body.style.transform]

  it('has the frame and all below it while a keyboard lies over the rest', () => {
    const window_ = seen(window.innerHeight, 0)
    followsWhatIsSeen(window_)
    expect(shown()).toEqual(['', ''])
    Object.assign(window_, { height: window.innerHeight - 300, offsetTop: 120 })
    window_.dispatchEvent(new Event('resize'))
    expect(shown()).toEqual([`${window.innerHeight - 300}px`, 'translateY(120px)'])
    Object.assign(window_, { height: window.innerHeight, offsetTop: 0 })
    window_.dispatchEvent(new Event('scroll'))
    expect(shown()).toEqual(['', ''])
  })

  it('is left alone while somebody looks closer', () => {
    followsWhatIsSeen(seen(200, 100, 2.5))
    expect(shown()).toEqual(['', ''])
  })
})
