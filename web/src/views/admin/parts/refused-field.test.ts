import { describe, expect, it } from 'vitest'
import { Refused, Unreachable } from '@/api/answer'
import { refusedField } from './refused-field'

const FIELDS = ['username', 'password', 'age', 'phoneNumber', 'supervisors']

describe('a refusal', () => {
  it.each([
    ['参数格式不正确：phoneNumber', 'phoneNumber'],
    ['缺少参数：password', 'password'],
    ['用户名应为2到32位的字母、数字、下划线或连字符：username', 'username'],
    ['用户名已存在！', 'username'],
    ['督导未找到：0a1b', 'supervisors'],
    ['未开通权限', null],
    ['参数格式不正确：somethingElse', null],
  ])('«%s» is shown at %s', (message, field) => {
    expect(refusedField(new Refused(-2, message), FIELDS)).toBe(field)
  })

  it('is something else than no answer', () => {
    expect(refusedField(new Unreachable(null), FIELDS)).toBeNull()
  })
})
