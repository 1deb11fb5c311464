import { describe, expect, it } from 'vitest'
import type { OnDuty } from '@/api/types'
import { isHeading, paragraphs, versionOf } from './consent'
import { inOrder, isFree } from './duty'

describe('the consent text', () => {
  const text = (words: string): unknown => ({ type: 'text', text: words })
  const information = [{ attrs: { class: 'richText' }, children: [
    text('  一、说明'), { name: 'br' }, text('第一句，'), text('第二句。'), { name: 'br' }, { name: 'br' },
    { name: 'p', children: [text('<img src=x onerror=alert(1)>')] }, text('  '), null, 7,
  ] }]

  it('is taken as plain words, a paragraph a line', () => {
    expect(paragraphs(information)).toEqual(['一、说明', '第一句，第二句。', '<img src=x onerror=alert(1)>'])
    expect(paragraphs([])).toEqual([])
  })

  it('has headings', () => {
    expect(['四、保密原则', '一、本协议中的双方应均为完全行为能力的人，本协议不针对无行为能力的人。', '1. 信息'].map(isHeading)).toEqual([true, false, false])
  })

  it('is another one when a word changes', () => {
    expect(versionOf(['甲', '乙'])).toBe(versionOf(['甲', '乙']))
    expect(versionOf(['甲', '乙'])).not.toBe(versionOf(['甲', '丙']))
  })
})

describe('who is on duty', () => {
  const duty = (name: string, some: Partial<OnDuty>): OnDuty => ({
    id: name, state: 'online', active: 0, waiting: 0, maxConsults: 2, consulted: false, rating: null, ...some,
  } as OnDuty)

  it('is free with a place and nobody in the queue', () => {
    expect(isFree(duty('a', {}))).toBe(true)
    const some: Partial<OnDuty>[] = [{ active: 2 }, { waiting: 1 }, { state: 'busy' }, { state: 'offline' }, { maxConsults: 0 }]
    expect(some.map((one) => isFree(duty('a', one)))).toEqual([false, false, false, false, false])
  })

  it('is shown with who has time first, then whom one knows, then the better rated', () => {
    const all = [
      duty('offline', { state: 'offline', consulted: true }), duty('full', { active: 2 }), duty('away', { state: 'away' }),
      duty('good', { rating: 4.9 }), duty('known', { consulted: true, rating: 3 }), duty('new', {}), duty('busy', { state: 'busy' }),
    ]
    expect(inOrder(all).map(({ id }) => id)).toEqual(['known', 'good', 'new', 'full', 'busy', 'away', 'offline'])
  })
})
