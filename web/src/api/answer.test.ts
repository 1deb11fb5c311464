import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoSession, Refused, result, rows, Unreachable } from './answer'
import { makeClient, makeFetch } from './client'
import { makeI18n, speak } from '@/i18n'
import { words } from '@/i18n/workbench'

const answers = vi.fn<typeof fetch>()
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const onNoSession = vi.fn()

beforeEach(() => {
  vi.stubGlobal('fetch', answers)
  answers.mockReset()
  onNoSession.mockReset()
})
afterEach(() => { vi.unstubAllGlobals() })

describe('an answer', () => {
  const ask = (): Promise<unknown> => result(makeClient({ onNoSession }).GET('/conversation/mine'))

  it('is its result', async () => {
    answers.mockResolvedValue(json({ code: 0, message: 'OK', result: { active: 2 } }))
    expect(await ask()).toEqual({ active: 2 })
  })

  it('of a list is its rows and how many there are in all', async () => {
    answers.mockResolvedValue(json({ code: 0, message: 'OK', result: [{ id: 'a' }], count: 40, next: null }))
    expect(await rows(makeClient({ onNoSession }).GET('/conversation/current'))).toEqual({ rows: [{ id: 'a' }], count: 40 })
  })

  it('can be a refusal, with the server\'s words', async () => {
    const refusal = { code: -2, message: '参数格式不正确：phone', reason: 'malformed', field: 'phone' }
    answers.mockResolvedValue(json({ ...refusal, result: null }))
    await expect(ask()).rejects.toMatchObject({ constructor: Refused, ...refusal })
  })

  it('can be that nobody is logged in, and the page is told', async () => {
    answers.mockResolvedValue(json({ status: 403, error: 'Forbidden' }, 403))
    await expect(ask()).rejects.toBeInstanceOf(NoSession)
    expect(onNoSession).toHaveBeenCalledOnce()
  })

  it.each([['no network', () => Promise.reject(new TypeError('failed'))], ['a server that stops', () => Promise.resolve(json({}, 503))],
    ['something else', () => Promise.resolve(json('hello'))]])('can be none: %s', async (_, answer) => {
    answers.mockImplementation(answer)
    await expect(ask()).rejects.toBeInstanceOf(Unreachable)
  })

  it('of a wrong request is not worth repeating', async () => {
    answers.mockResolvedValue(json({ status: 413 }, 413))
    await expect(ask()).rejects.toBeInstanceOf(Refused)
  })
})

describe('who asks', () => {
  const asked = (): RequestInit => answers.mock.calls[0]?.[1] ?? {}

  it('is the cookie\'s owner at the workbench', async () => {
    answers.mockResolvedValue(json({}))
    await makeFetch({ onNoSession })('http://host/x')
    expect([asked().credentials, new Headers(asked().headers).get('Authorization')]).toEqual(['same-origin', null])
  })

  it('asks for the page\'s language, whatever the browser would ask for', async () => {
    answers.mockImplementation(() => Promise.resolve(json({})))
    const asksFor = async (): Promise<string | null> => {
      answers.mockClear()
      await makeFetch({ onNoSession })('http://host/x')
      return new Headers(asked().headers).get('Accept-Language')
    }
    makeI18n(words)
    for (const chosen of ['en', 'zh'] as const) {
      speak(chosen)
      expect(await asksFor()).toBe(chosen)
    }
  })

  it('is the token\'s owner on the visitor\'s page, and never the cookie\'s', async () => {
    answers.mockImplementation(() => Promise.resolve(json({})))
    await makeFetch({ onNoSession, token: () => 'secret' })('http://host/x')
    expect([asked().credentials, new Headers(asked().headers).get('Authorization')]).toEqual(['omit', 'Bearer secret'])
    answers.mockClear()
    await makeFetch({ onNoSession, token: () => null })('http://host/x')
    expect([asked().credentials, new Headers(asked().headers).get('Authorization')]).toEqual(['omit', null])
  })
})
