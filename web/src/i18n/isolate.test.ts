import { describe, expect, it } from 'vitest'
import { makeI18n } from '.'
import { isolated, plain } from './isolate'

const RLO = '\u202E'
const PDI = '\u2069'

describe('a name in a sentence', () => {
  it('is left alone when it moves nothing', () => {
    for (const name of ['小橘子', 'Anna-Lena', '👋 30%', '']) expect(isolated(name)).toBe(name)
  })

  it('is kept apart when it is written from the right', () => {
    expect(isolated('סבתא')).toBe('\u2068סבתא\u2069')
    expect(isolated('مرحبا 1')).toBe('\u2068مرحبا 1\u2069')
  })

  it('turns nothing around, and cannot break out of where it is kept apart', () => {
    expect(isolated(`甲${RLO}乙`)).toBe('甲乙')
    expect(isolated(`א${PDI}${RLO}ב`)).toBe('\u2068אב\u2069')
    expect(plain(`${RLO}${PDI}丙\u2067`)).toBe('丙')
  })
})

describe('words with places to fill', () => {
  const { t } = makeI18n({ zh: { with: '等待 {name}，还有 {n} 位', bare: '好' }, en: {} }).global

  it('isolate what is put into them, whoever asks', () => {
    expect(t('with', { name: `${RLO}甲`, n: 3 })).toBe('等待 甲，还有 3 位')
    expect(t('with', { name: 'אב', n: 3 })).toBe('等待 \u2068אב\u2069，还有 3 位')
    expect([t('bare'), t('with', { name: '{n}', n: 3 })]).toEqual(['好', '等待 {n}，还有 3 位'])
  })
})
