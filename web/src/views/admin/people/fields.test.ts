import { describe, expect, it } from 'vitest'
import { changesOf, FIELDS, givenOf, isAge, USERNAME } from './fields'

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
