import { describe, expect, it } from 'vitest'
import { changesOf, FIELDS, givenOf, isAge, USERNAME, hasForm, isIdNumber } from './fields'

describe('the form of a person', () => {
  const before = givenOf({ name: '林晓雨', phoneNumber: '138****6789', age: 0, email: null })

  it('shows what is there, and nothing for what is not', () => {
    expect([before.name, before.age, before.email, before.title]).toEqual(['林晓雨', '', '', ''])
  })

  it('sends only what was changed: never a masked number', () => {
    expect(changesOf(before, { ...before, name: ' 林小雨 ' }, FIELDS)).toEqual({ name: '林小雨' })
    expect(changesOf(before, { ...before }, FIELDS)).toEqual({})
  })

  it('clears with nothing, and sends an age as a number', () => {
    const known = givenOf({ age: 30, title: '教授' })
    expect(changesOf(known, { ...known, age: '', title: '' }, FIELDS)).toEqual({ age: 0, title: '' })
    expect(changesOf(before, { ...before, age: '41' }, FIELDS)).toEqual({ age: 41 })
  })

  it('sends no field that it does not show', () => {
    expect(changesOf(before, { ...before, idNumber: 'x' }, ['name'])).toEqual({})
  })

  it('knows user names and ages as the server does', () => {
    expect(['ab', 'a_b-9'].every((name) => USERNAME.test(name))).toBe(true)
    expect(['a', 'a b', '林晓雨', 'x'.repeat(33), 'a<b>'].some((name) => USERNAME.test(name))).toBe(false)
    expect([isAge(''), isAge('150'), isAge('151'), isAge('-1'), isAge('a')]).toEqual([true, true, false, false, false])
  })
})

describe('what staff tell of themselves', () => {
  it('has the form of an identity number only with its check digit and a day that there is', () => {
    // Made up; the first is the example of GB 11643-1999.
    expect(['11010519491231002X', '11010519491231002x', '440524188001010014'].map(isIdNumber)).toEqual([true, true, true])
    expect(['110105194912310021', '11010519490231002X', '1101051949123100X', '', 'x'.repeat(18)].map(isIdNumber)).toEqual([false, false, false, false, false])
  })

  it('is a phone number or an e-mail address, or nothing', () => {
    expect(['13800138000', '+86 138-0013-8000', '(021) 6223 3333', ''].map((text) => hasForm('phoneNumber', text))).toEqual([true, true, true, true])
    expect(['138', '一三八', '13800138000x'].map((text) => hasForm('phoneNumber', text))).toEqual([false, false, false])
    expect(['lin@ecnu.edu.cn', ''].map((text) => hasForm('email', text))).toEqual([true, true])
    expect(['lin', 'lin@ecnu', 'lin@@ecnu.cn', 'l in@ecnu.cn'].map((text) => hasForm('email', text))).toEqual([false, false, false, false])
  })
})
