import { describe, expect, it } from 'vitest'
import { nameOf } from './download'

describe('the name of a file', () => {
  it('is what the server encoded', () => {
    expect(nameOf('attachment; filename="x.txt"; filename*=UTF-8\'\'%E4%BC%9A%E8%AF%9D.txt')).toBe('会话.txt')
  })

  it('is the plain one where there is no other, and none where there is none', () => {
    expect(nameOf('attachment; filename="a.txt"')).toBe('a.txt')
    expect(nameOf('attachment; filename*=UTF-8\'\'%E4%ZZ')).toBeNull()
    expect(nameOf(null)).toBeNull()
  })
})
