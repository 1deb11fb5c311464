import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoSession, Refused, Unreachable } from '@/api/answer'
import { discardTyped, saveTyped, typedAt } from '@/shared/kept/words'
import { useSession } from '@/api/session'
import { useLive } from '@/shared/stores/live'
import { soon } from '@/testing/soon'
import { useVisit } from './visit'

const PERSON = { id: 'p1', username: 'sandbox_x', name: null, type: 'VISITOR', roles: 'ROLE_VISITOR', authorities: {}, avatarUrl: null, draftKey: btoa('v'.repeat(32)) }
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

const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })
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
  sessionStorage.clear()
  discardTyped()
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
    await soon(() => { expect(visit.stage).toBe('choose') })
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

  it('explains an end that was not the visitor\'s, until it was seen', async () => {
    const visit = await agreed()
    const talk = { id: 'c1', status: 'IN_PROGRESS', visitor: 'p1', counselor: 'p2' }
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk })
    expect(visit.stage).toBe('talk')
    server.newest = [{ id: 'c1', status: 'FINISHED', startTime: 1, endTime: Date.now(), evaluate: null, endReason: 'counselor' }]
    sockets.at(-1)?.hears({ type: 'event', seq: 3, time: 2, event: 'ended', talk: { ...talk, status: 'FINISHED' } })
    await soon(() => { expect(visit.stage).toBe('ended') })
    visit.skip('c1')
    expect(visit.stage).toBe('choose')
    expect(JSON.parse(localStorage.getItem('hotline.visitor.unrated') ?? '')).toEqual(['c1'])
  })

  it('asks for the rating when the visitor ended a talk', async () => {
    const visit = await agreed()
    const talk = { id: 'c1', status: 'IN_PROGRESS', visitor: 'p1', counselor: 'p2' }
    saveTyped('draft.c1', '没说完的')
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk })
    server.newest = [{ id: 'c1', status: 'FINISHED', startTime: 1, endTime: Date.now(), evaluate: null, endReason: 'visitor' }]
    sockets.at(-1)?.hears({ type: 'event', seq: 3, time: 2, event: 'ended', talk: { ...talk, status: 'FINISHED' } })
    await soon(() => { expect(visit.stage).toBe('rate') })
    expect([typedAt('draft.c1'), sessionStorage.length], 'what was begun in it').toEqual(['', 0])
  })

  it('tells of an end that happened while the page was away', async () => {
    await agreed()
    server.newest = [{ id: 'c1', status: 'TIME_OUT', startTime: null, endTime: 1, evaluate: null, endReason: 'waiting' }]
    const visit = await opened()
    sockets.at(-1)?.hears(greeting)
    await soon(() => { expect(visit.stage).toBe('ended') })
  })

  it('asks again by itself where it stands, until it is told', async () => {
    const visit = await agreed()
    await soon(() => { expect(visit.stage).toBe('choose') })
    const answers = fetch
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await visit.settle()
    await vi.advanceTimersByTimeAsync(1000 + 2000)
    expect([visit.stage, visit.error]).toEqual(['loading', expect.any(Unreachable)])
    vi.stubGlobal('fetch', answers)
    await vi.advanceTimersByTimeAsync(4000)
    expect([visit.stage, visit.error]).toEqual(['choose', null])
  })

  it('comes in by the same door when the log-in has ended', async () => {
    const visit = await agreed()
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    sockets.at(-1)?.loses(4003)
    await soon(() => { expect(sockets).toHaveLength(2) })
    expect([visit.me?.id, visit.token]).toEqual(['p1', server.tokens[0]])
  })

  it('keeps what was begun in a talk whose log-in ends in its middle, and comes in again without a word of an end', async () => {
    const visit = await agreed()
    saveTyped('draft.c1', '没说完的')
    const talk = { id: 'c1', status: 'IN_PROGRESS', visitor: 'p1', counselor: 'p2' }
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk })
    await soon(() => { expect(visit.stage).toBe('talk') })
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    server.asked = []
    sockets.at(-1)?.loses(4003)
    await soon(() => { expect(sockets).toHaveLength(2) })
    sockets.at(-1)?.hears({ ...greeting, conversation: talk })
    await settled()
    expect([visit.stage, visit.error, visit.token, typedAt('draft.c1')]).toEqual(['talk', null, server.tokens[0], '没说完的'])
    expect(server.asked.filter((asked) => asked.startsWith('POST /auth/wx/')), 'once').toHaveLength(1)
  })

  it('does not lose a fresh log-in by an answer to the old one', async () => {
    const visit = await agreed()
    const before = sockets.length
    let old: (response: Response) => void = () => {}
    const answers = fetch
    vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => { old = resolve }))
    void visit.settle()
    vi.stubGlobal('fetch', answers)
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    sockets.at(-1)?.loses(4003)
    await soon(() => { expect(sockets).toHaveLength(before + 1) })
    const fresh = visit.token
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    old(new Response('{}', { status: 403 }))
    await settled()
    expect([visit.me?.id, visit.token, visit.error]).toEqual(['p1', fresh, null])
  })

  it('finds what was begun again, over a reload and over an expiry, and keeps nothing of it in clear', async () => {
    await agreed()
    const talk = { id: 'c1', status: 'IN_PROGRESS', visitor: 'p1', counselor: 'p2' }
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk })
    saveTyped('draft.c1', '没说完的')
    await soon(() => { expect(sessionStorage.length).toBe(1) })
    expect(JSON.stringify(sessionStorage)).not.toContain('没说完的')
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    sockets.at(-1)?.loses(4003)
    expect(typedAt('draft.c1'), 'while nobody is here').toBe('')
    await soon(() => { expect(typedAt('draft.c1')).toBe('没说完的') })
  })

  it('does not try to log in for ever', async () => {
    const visit = await agreed()
    sockets.at(-1)?.loses(4003)
    await new Promise((resolve) => { setTimeout(resolve) })
    expect([sockets.length, visit.error, visit.me]).toEqual([1, expect.any(NoSession), null])
  })

  it.each([
    ['in mid-talk', (): void => {
      const talk = { id: 'c1', status: 'FINISHED', visitor: 'p1', counselor: 'p2' }
      sockets.at(-1)?.hears({ type: 'event', seq: 3, time: 2, event: 'ended', endReason: 'banned', talk })
      sockets.at(-1)?.hears({ type: 'event', seq: 4, time: 2, event: 'expelled', person: 'p1' })
      sockets.at(-1)?.loses(4003)
    }],
    ['while nothing was heard of it', (): void => {
      vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
      sockets.at(-1)?.loses(4003)
    }],
  ])('tells whoever was stopped %s, also after a reload, until they are let in again', async (_, stops) => {
    const visit = await agreed()
    saveTyped('draft.c1', '没说完的')
    server.tokens = []
    server.refusal = '该用户名不存在或已被禁用，请核实后再登录！'
    stops()
    await soon(() => { expect([visit.isBarred, visit.me, visit.error !== null]).toEqual([true, null, true]) })
    expect([typedAt('draft.c1'), sessionStorage.length]).toEqual(['', 0])
    const again = await opened()
    expect([again.isBarred, again.error]).toEqual([true, expect.any(Refused)])
    server.refusal = null
    await again.enter()
    expect([again.isBarred, again.error, again.me?.id]).toEqual([false, null, 'p1'])
  })

  it('goes on for whoever only lost a counselor who was stopped', async () => {
    const visit = await agreed()
    const talk = { id: 'c1', status: 'FINISHED', visitor: 'p1', counselor: 'p2' }
    server.newest = [{ id: 'c1', status: 'FINISHED', startTime: 1, endTime: Date.now(), evaluate: null, endReason: 'banned' }]
    sockets.at(-1)?.hears({ type: 'event', seq: 2, time: 1, event: 'assigned', talk: { ...talk, status: 'IN_PROGRESS' } })
    sockets.at(-1)?.hears({ type: 'event', seq: 3, time: 2, event: 'ended', endReason: 'banned', talk })
    await soon(() => { expect(visit.stage).toBe('ended') })
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
    server.tokens = []
    sockets.at(-1)?.loses(4003)
    await soon(() => { expect(sockets).toHaveLength(2) })
    expect([visit.isBarred, visit.me?.id]).toEqual([false, 'p1'])
  })

  it('leaves nothing behind on the device but the numbers to call', async () => {
    const visit = await agreed()
    saveTyped('draft.c1', '没说完的')
    visit.skip('c0')
    const replace = vi.fn<(url: string) => void>()
    vi.stubGlobal('location', { ...window.location, pathname: '/visitor', replace })
    await visit.logOut()
    expect(server.asked).toContain('POST /logout')
    expect(Object.keys(localStorage).filter((key) => key.startsWith('hotline.visitor.'))).toEqual(['hotline.visitor.emergency'])
    expect([sessionStorage.length, replace.mock.calls]).toEqual([0, [['/visitor']]])
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
