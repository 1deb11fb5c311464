import { describe, expect, it } from 'vitest'
import { NoSession, Refused, Unreachable } from './answer'
import { fileName, fileOf } from './exports'

const DISPOSITION = 'attachment; filename="a1.txt"; filename*=UTF-8\'\'%E4%BC%9A%E8%AF%9D%E8%AE%B0%E5%BD%95%5Fa1%2Etxt'

describe('a file of the server', () => {
  it('has the name that the server gave it, in Chinese', () => {
    expect(fileName(DISPOSITION)).toBe('会话记录_a1.txt')
    expect(fileName('attachment; filename="export.zip"')).toBe('export.zip')
    expect(fileName('attachment; filename="a.txt"; filename*=UTF-8\'\'%E4%')).toBe('a.txt')
    expect(fileName(null)).toBeNull()
  })

  it('is its bytes', async () => {
    const file = await fileOf(new Response('words', { headers: { 'Content-Disposition': DISPOSITION } }))
    expect(await file.content.text()).toBe('words')
  })

  it('may be a JSON file, which is no refusal', async () => {
    const made = new Response('{"code":-1}', { headers: { 'Content-Disposition': 'attachment; filename="a.json"' } })
    expect((await fileOf(made)).name).toBe('a.json')
  })

  it('is a refusal in the words of the server, if there is none', async () => {
    const refusal = Response.json({ code: -1, message: '会话未找到：x', result: null })
    await expect(fileOf(refusal)).rejects.toEqual(new Refused(-1, '会话未找到：x'))
    await expect(fileOf(new Response('', { status: 403 }))).rejects.toBeInstanceOf(NoSession)
    await expect(fileOf(new Response('', { status: 503 }))).rejects.toBeInstanceOf(Unreachable)
    await expect(fileOf(new Response('<html>'))).rejects.toBeInstanceOf(Unreachable)
  })
})
