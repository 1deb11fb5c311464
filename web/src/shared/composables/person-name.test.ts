import { beforeEach, describe, expect, it } from 'vitest'
import { makeI18n, speak } from '@/i18n'
import { words } from '@/i18n/workbench'
import { initialOf, nameOf } from './person-name'

const openid = 'oX1abcDEFghiJKLmnoPQRstuVWxy'
const visitor = { name: null, username: openid, type: 'VISITOR', visitorNumber: 12 }

beforeEach(() => {
  localStorage.clear()
  makeI18n(words)
  speak('zh')
})

describe('somebody is called', () => {
  it('by their name', () => {
    expect(nameOf({ ...visitor, name: '小林' })).toBe('小林')
    expect(nameOf({ name: '', username: 'zixunshi1', type: 'COUNSELOR', visitorNumber: null })).toBe('zixunshi1')
  })

  it('without what would turn the page\'s own words around', () => {
    expect(nameOf({ ...visitor, name: '\u202e小林\u2066' })).toBe('小林')
    expect(nameOf({ ...visitor, name: '\u202e' })).toBe('访客 12')
  })

  it('by a number, a visitor without one, in the language that is spoken', () => {
    expect(nameOf(visitor)).toBe('访客 12')
    speak('en')
    expect(nameOf(visitor)).toBe('Visitor 12')
  })

  it('never by what WeChat calls them, whatever is known', () => {
    for (const some of [{}, { visitorNumber: null }, { visitorNumber: undefined }, { type: undefined }, { name: '' }]) {
      expect(nameOf({ ...visitor, ...some })).not.toContain(openid)
    }
    expect([nameOf(null), nameOf(undefined)]).toEqual(['', ''])
  })

  it('and has a letter for a face', () => {
    const of = (person: Parameters<typeof nameOf>[0]): string => initialOf(person, nameOf(person))
    expect([of(visitor), of({ ...visitor, name: '小林' }), of({ ...visitor, name: 'anna' })]).toEqual(['访', '林', 'A'])
  })
})
