import { describe, expect, it } from 'vitest'
import { Refused, Unreachable } from '@/api/answer'
import { refusedField } from './refused-field'

const FIELDS = ['username', 'password', 'age', 'phoneNumber', 'supervisors']

describe('a refusal', () => {
  it('is shown at the field that the server names, whatever its words are', () => {
    for (const words of ['用户名已存在！', 'This user name is taken']) {
      expect(refusedField(new Refused(-2, words, 'usernameTaken', 'username'), FIELDS)).toBe('username')
    }
  })

  it('of no field, or of one that is not in the form, is shown elsewhere', () => {
    expect(refusedField(new Refused(-5, '未开通权限', 'notAllowed'), FIELDS)).toBeNull()
    expect(refusedField(new Refused(-2, '参数格式不正确：somethingElse', 'malformed', 'somethingElse'), FIELDS)).toBeNull()
  })

  it('is something else than no answer', () => {
    expect(refusedField(new Unreachable(null), FIELDS)).toBeNull()
  })
})
