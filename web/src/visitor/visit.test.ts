import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoSession, Refused } from '@/api/answer'
import { useSession } from '@/stores/api'
import { useLive } from '@/stores/live'
import { useVisit } from './visit'

const PERSON = { id: 'p1', username: 'sandbox_x', name: null, type: 'VISITOR', roles: 'ROLE_VISITOR', authorities: {}, avatarUrl: null }
const text = (words: string): unknown => [{ children: [{ type: 'text', text: words }] }]

/** A server with one door. */
let server: {
  tokens: string[]
  sandbox: { appid: string } | null
  consent: string
  refusal: string | null
  newest: unknown[]
  asked: string[]
}
let sockets: { hears: (frame: unknown) => void, loses: (code: number) => void }[]

function answer(asked: Request): Response {
  const url = new URL(asked.url)
  server.asked.push(`${asked.method} ${url.pathname}`)
  const good = (result: unknown, more = {}): Response =>
    new Response(JSON.stringify({ code: 0, message: 'OK', result, ...more }), { headers: { 'Content-Type': 'application/json' } })
  if (url.pathname === '/config') return good({ information: text(server.consent), emergency: [], sandbox: server.sandbox })
  if (url.pathname.startsWith('/auth/wx/')) {
    if (server.refusal !== null) return new Response(JSON.stringify({ code: -3, message: server.refusal, result: null }))
    server.tokens = [`token${server.asked.length}`]
    return new Response(JSON.stringify({ code: 0, message: 'OK', result: 'ok' }), { headers: { 'X-Auth-Token': server.tokens[0] ?? '' } })
  }
  const token = asked.headers.get('Authorization')?.replace('Bearer ', '') ?? ''
  if (!server.tokens.includes(token)) return new Response('{}', { status: 403 })
  if (url.pathname === '/auth/me') return good(PERSON)
  return good(server.newest, { count: server.newest.length, next: null })
}

class FakeSocket {
  static OPEN = 1
  readyState = 1
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: (event: { code: number }) => void
  constructor() {
    sockets.push({ hears: (frame) => this.onmessage?.({ data: JSON.stringify(frame) }), loses: (code) => this.onclose?.({ code }) })
  }

  send(): void {}
  close(): void {}
}

const greeting = { type: 'snapshot', cursor: 1, conversation: null, queue: null }

/** The page is opened, as after a reload. */
async function opened(): Promise<ReturnType<typeof useVisit>> {
  setActivePinia(createPinia())
  const visit = useVisit()
  useSession({ token: () => visit.token, onNoSession: visit.lost })
  await visit.start()
  return visit
}

async function agreed(): Promise<ReturnType<typeof useVisit>> {
  const visit = await opened()
  visit.agree()
  await visit.enter()
  sockets.at(-1)?.hears(greeting)
  return visit
}

beforeEach(() => {
  localStorage.clear()
  sockets = []
  server = { tokens: [], sandbox: { appid: 'wx1' }, consent: '一、说明', refusal: null, newest: [], asked: [] }
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', (input: Request | string, init?: RequestInit) => Promise.resolve(answer(new Request(input, init))))
})
afterEach(() => {
  useLive().stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('a visit', () => {
  it('begins with the consent, and not before it', async () => {
    const visit = await opened()
    expect([visit.stage, server.asked]).toEqual(['consent', ['GET /config']])
    visit.agree()
    await visit.enter()
    sockets[0]?.hears(greeting)
    await vi.waitFor(() => { expect(visit.stage).toBe('choose') })
    expect(visit.token).toBe(server.tokens[0])
  })

  it('goes on where it was when the page is opened again, as the same visitor', async () => {
    await agreed()
    const { tokens } = server
    const visit = await opened()
    sockets.at(-1)?.hears({ ...greeting, conversation: { id: 'c1', status: 'WAITING' } })
    expect([visit.stage, server.tokens]).toEqual(['waiting', tokens])
  })

  it('asks for consent again when the text is another', async () => {
    await agreed()
    server.consent = '一、新的说明'
    expect((await opened()).stage).toBe('consent')
  })

  it('asks for the rating when a talk ends, whoever ended it', async () => {
    const visit = await agreed()
    const talk = { id: 'c1', status: 'IN_PROGRESS', visitor: 'p1', counselor: 'p2' }
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk })
    expect(visit.stage).toBe('talk')
    server.newest = [{ id: 'c1', status: 'FINISHED', startTime: 1, endTime: Date.now(), evaluate: null, endReason: 'counselor' }]
    sockets.at(-1)?.hears({ type: 'event', seq: 3, time: 2, event: 'ended', talk: { ...talk, status: 'FINISHED' } })
    await vi.waitFor(() => { expect(visit.stage).toBe('rate') })
    visit.skip('c1')
    expect(visit.stage).toBe('choose')
    expect(JSON.parse(localStorage.getItem('hotline.visitor.unrated') ?? '')).toEqual(['c1'])
  })

  it('comes in by the same door when the log-in has ended', async () => {
    const visit = await agreed()
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    sockets.at(-1)?.loses(4003)
    await vi.waitFor(() => { expect(sockets).toHaveLength(2) })
    expect([visit.me?.id, visit.token]).toEqual(['p1', server.tokens[0]])
  })

  it('does not knock for ever', async () => {
    const visit = await agreed()
    sockets.at(-1)?.loses(4003)
    await new Promise((resolve) => { setTimeout(resolve) })
    expect([sockets.length, visit.error, visit.me]).toEqual([1, expect.any(NoSession), null])
  })

  it('tells whoever may not come in', async () => {
    const visit = await opened()
    visit.agree()
    server.refusal = '该用户名不存在或已被禁用，请核实后再登录！'
    await visit.enter()
    expect(visit.error).toMatchObject({ constructor: Refused, message: server.refusal })
    server.sandbox = null
    await visit.start()
    expect(visit.error).toBeInstanceOf(NoSession)
  })
})
