import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '@/api/types'
import { soon } from '@/testing/soon'
import { useChats } from './chats'
import { useLive } from './live'

const ME = { id: 'p1', username: 'zixunshi1' }
const CONFIG = { im: { mode: 'embedded', sdkAppId: 1, imageBytesMax: 1, textCharactersMax: 1 } } as Config
const row = (n: number, some: Record<string, unknown> = {}): unknown => ({
  ID: `m${n}`, type: 'TIMTextElem', payload: { text: String(n) }, from: 'fangke', to: 'zixunshi1', time: n, isRevoked: false,
  isPeerRead: false, sequence: n, random: 1000 + n, ...some,
})
let record: unknown[]
let marks: unknown[]
let sockets: FakeSocket[]
/** What happens once the record has been read, before the answer is there. */
let meanwhile: () => void
/** Readings of the record that fail from now on. */
let failing: number

class FakeSocket {
  static OPEN = 1
  readyState = 1
  sent: Record<string, unknown>[] = []
  onmessage?: (event: { data: string }) => void
  onclose?: (event: { code: number }) => void
  constructor() { sockets.push(this) }

  send(text: string): void { this.sent.push(JSON.parse(text) as Record<string, unknown>) }
  close(): void {}
  hears(frame: unknown): void { this.onmessage?.({ data: JSON.stringify(frame) }) }
}
const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })
const words = (): string[] => useChats().thread('c1').messages.map(({ body }) => (body.kind === 'text' ? body.text : body.kind))

beforeEach(() => {
  setActivePinia(createPinia())
  record = []
  marks = []
  sockets = []
  meanwhile = () => {}
  failing = 0
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', (asked: Request) => {
    const { pathname, searchParams: query } = new URL(asked.url)
    if (pathname === '/message/unread') {
      return Promise.resolve(new Response(JSON.stringify({ code: 0, message: 'OK', result: marks })))
    }
    if (failing > 0) {
      failing -= 1
      return Promise.reject(new TypeError('no network'))
    }
    const [page, size] = [Number(query.get('page')), Number(query.get('size'))]
    const [result, count] = [record.slice(page * size, (page + 1) * size), record.length]
    meanwhile()
    return Promise.resolve(new Response(JSON.stringify({ code: 0, message: 'OK', result, count, next: null }), {
      headers: { 'Content-Type': 'application/json' },
    }))
  })
  useLive().start({ path: '/workbench/ws', me: ME.id, onRefused: () => {} })
  useChats().start(CONFIG, ME)
  sockets[0]?.hears({
    type: 'snapshot', cursor: 1, presence: 'online', onShift: true, maxConsults: 3, active: [], waiting: [], common: { waiting: 0 },
    unansweredSince: {}, alarms: [],
  })
})
afterEach(() => {
  useLive().stop()
  useChats().stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the talks of a page', () => {
  it('have their whole record, however many pages it has', async () => {
    record = Array.from({ length: 450 }, (_, n) => row(n))
    await useChats().load('c1')
    expect([words().length, words()[0], words().at(-1), useChats().thread('c1').state]).toEqual([450, '0', '449', 'there'])
  })

  it('read the record again after a reconnect, and lose nothing said meanwhile', async () => {
    record = [row(1)]
    await useChats().load('c1')
    record = [row(1), row(2)]
    sockets[0]?.onclose?.({ code: 1006 })
    await soon(() => { expect(sockets).toHaveLength(2) })
    sockets[1]?.hears({ type: 'resumed', cursor: 1 })
    await soon(() => { expect(words()).toEqual(['1', '2']) })
  })

  it('read the record again by themselves until nothing is missing, and say where it may be', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    record = [row(1)]
    await useChats().load('c1')
    record = [row(1), row(2), row(3)]
    failing = 3
    sockets[0]?.onclose?.({ code: 1006 })
    await vi.advanceTimersByTimeAsync(500)
    sockets[1]?.hears({ type: 'resumed', cursor: 1 })
    sockets[1]?.hears({ type: 'message', conversation: 'c1', message: row(3) })
    await vi.advanceTimersByTimeAsync(0)
    expect([words(), useChats().thread('c1').missing]).toEqual([['1', '3'], { after: 'm1' }])
    await vi.advanceTimersByTimeAsync(1000 + 2000 - 1)
    expect(useChats().thread('c1').missing).toEqual({ after: 'm1' })
    await vi.advanceTimersByTimeAsync(1)
    expect(failing).toBe(0)
    await vi.advanceTimersByTimeAsync(4000)
    expect([words(), useChats().thread('c1')]).toMatchObject([['1', '2', '3'], { missing: null, state: 'there' }])
    vi.useRealTimers()
  })

  it('are read with more patience, and one page after another, once a reading failed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    record = Array.from({ length: 450 }, (_, n) => row(n))
    failing = 2
    const limits: number[] = []
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const patience = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      // What every question may take.
      if (ms !== 20_000) limits.push(ms)
      return timeout(ms)
    })
    let [underway, most] = [0, 0]
    const answers = fetch
    vi.stubGlobal('fetch', async (asked: Request) => {
      if (!asked.url.includes('/message/conversation/')) return answers(asked)
      underway += 1
      most = Math.max(most, underway)
      return answers(asked).finally(() => { underway -= 1 })
    })
    void useChats().load('c1')
    await vi.advanceTimersByTimeAsync(1000)
    expect([limits, useChats().thread('c1').state]).toEqual([[8000, 16_000], 'wrong'])
    await vi.advanceTimersByTimeAsync(2000)
    expect([words().length, useChats().thread('c1').state, most]).toEqual([450, 'there', 1])
    expect(limits, 'longer than any question').toEqual([8000, 16_000])
    patience.mockRestore()
    vi.useRealTimers()
  })

  it('ask for their marks together', async () => {
    let asked = 0
    const answers = fetch
    vi.stubGlobal('fetch', (request: Request) => {
      if (request.url.endsWith('/message/unread')) asked += 1
      return answers(request)
    })
    await Promise.all([useChats().load('c1'), useChats().load('c2'), useChats().load('c3')])
    expect(asked).toBe(1)
    await useChats().load('c1')
    expect(asked, 'later they are others').toBe(2)
  })

  it('are forgotten when nobody looks any more, unless something in them was not said yet', async () => {
    record = [row(1)]
    const chats = useChats()
    await chats.load('c1')
    chats.say({ conversation: 'c2', peer: 'fangke' }, { text: '你好' })
    chats.forget('c1')
    chats.forget('c2')
    expect([...chats.threads.keys()]).toEqual(['c2'])
    const loading = chats.load('c1')
    chats.forget('c1')
    await loading
    expect([...chats.threads.keys()]).toEqual(['c2'])
  })

  it('send a picture again that could not be sent', async () => {
    const to = { conversation: 'c1', peer: 'fangke' }
    const image = new Blob(['x'], { type: 'image/png' })
    vi.stubGlobal('fetch', (asked: Request | string) =>
      (typeof asked === 'string' && asked.startsWith('blob:') ? Promise.reject(new TypeError('the policy forbids it')) : Promise.reject(new TypeError('no network'))))
    vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:1', revokeObjectURL: () => {} }))
    useChats().say(to, { image })
    await settled()
    const [message] = useChats().thread('c1').messages
    expect(message).toMatchObject({ state: 'failed', reason: { key: 'network' } })
    vi.stubGlobal('fetch', (_: unknown, init: RequestInit) => {
      expect(init.body).toBe(image)
      return Promise.resolve(new Response(JSON.stringify({ code: 0, message: 'OK', result: { id: 'i1' } })))
    })
    if (message) useChats().sayAgain(to, message)
    await soon(() => { expect(sockets[0]?.sent.at(-1)).toMatchObject({ type: 'say', ref: message?.ref, image: 'i1' }) })
  })

  it('are read once more when something may have been missed while they were', async () => {
    record = [row(1)]
    meanwhile = () => {
      meanwhile = () => {}
      record = [row(1), row(2)]
      void useChats().load('c1')
      void useChats().load('c1')
    }
    await useChats().load('c1')
    await soon(() => { expect(words()).toEqual(['1', '2']) })
    expect(useChats().thread('c1').state).toBe('there')
  })

  it('show at once what one says, and once only', async () => {
    useChats().say({ conversation: 'c1', peer: 'fangke' }, { text: '你好' })
    expect(useChats().thread('c1').messages).toMatchObject([{ from: 'zixunshi1', state: 'sending' }])
    await settled()
    const { ref } = sockets[0]?.sent.at(-1) ?? {}
    const message = row(5, { from: 'zixunshi1', payload: { text: '你好' } })
    sockets[0]?.hears({ type: 'said', ref, conversation: 'c1', message })
    record = [message]
    await useChats().load('c1')
    expect(useChats().thread('c1').messages).toMatchObject([{ id: 'm5', state: 'stored' }])
  })

  it('say again under the same key what failed', async () => {
    const to = { conversation: 'c1', peer: 'fangke' }
    useChats().say(to, { text: '你好' })
    await settled()
    const { ref } = sockets[0]?.sent.at(-1) ?? {}
    sockets[0]?.hears({ type: 'error', ref, code: -1, message: '消息暂未保存', reason: 'busy' })
    const [message] = useChats().thread('c1').messages
    expect(message).toMatchObject({ state: 'failed', reason: { key: 'busy', words: '消息暂未保存' } })
    if (message) useChats().sayAgain(to, message)
    await settled()
    expect(sockets[0]?.sent.at(-1)).toEqual({ type: 'say', ref, conversation: 'c1', text: '你好' })
    expect(useChats().thread('c1').messages).toMatchObject([{ state: 'sending' }])
  })

  it('count what was not looked at, and tell the other one once it is', async () => {
    const chats = useChats()
    sockets[0]?.hears({ type: 'message', conversation: 'c1', message: row(7) })
    expect(chats.unreadOf('c1')).toBe(1)
    chats.see({ conversation: 'c1', peer: 'fangke' })
    chats.see({ conversation: 'c1', peer: 'fangke' })
    await settled()
    expect([chats.unreadOf('c1'), sockets[0]?.sent]).toEqual([0, [{ type: 'read', conversation: 'c1' }]])
  })

  it('know after a reload what was read by both', async () => {
    record = [row(1), row(2, { from: 'zixunshi1' }), row(3), row(4, { from: 'zixunshi1' })]
    marks = [{ conversation: 'other', unread: 9, peerReadTime: 9000 }, { conversation: 'c1', unread: 1, peerReadTime: 2000 }]
    await useChats().load('c1')
    expect(useChats().unreadOf('c1')).toBe(1)
    expect(useChats().thread('c1').messages.map(({ isReadByPeer }) => isReadByPeer)).toEqual([false, true, false, false])
  })

  it('hold the notices of the server between the messages', () => {
    const talk = { id: 'c1', visitor: 'fangke', counselor: ME.id, wanted: null, consultation: null, status: 'IN_PROGRESS', createdTime: 1, startTime: 2 }
    const event = { type: 'event', seq: 2, time: 9000, event: 'noticed', conversation: 'c1', talk, notice: 'silence', text: '请问还在吗？' }
    sockets[0]?.hears(event)
    expect(words()).toEqual(['请问还在吗？'])
  })

  it('are forgotten with whoever looked at them', async () => {
    record = [row(1)]
    const loading = useChats().load('c1')
    useChats().stop()
    await loading
    expect([useChats().threads.size, words()]).toEqual([0, []])
  })
})
