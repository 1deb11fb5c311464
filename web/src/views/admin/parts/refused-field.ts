// The server names the field it does not like; the form shows its words there.

import { Refused } from '@/api/answer'

/** Which of `fields` the refusal is about; null if it names none. */
export function refusedField(error: unknown, fields: readonly string[]): string | null {
  if (!(error instanceof Refused)) return null
  const named = /：\s*([A-Za-z]+)\s*$/.exec(error.message)?.[1]
  if (named !== undefined && fields.includes(named)) return named
  // 用户名已存在！, 原密码错误: in words.
  if (error.message.includes('用户名') && fields.includes('username')) return 'username'
  if (error.message.includes('密码') && fields.includes('password')) return 'password'
  if (error.message.includes('督导') && fields.includes('supervisors')) return 'supervisors'
  return null
}
