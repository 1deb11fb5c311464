import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Refused } from '@/api/answer'
import type { Command, Frame } from '@/api/frames'
import type { SocketStatus } from '@/shared/socket/socket'
import type { ChatListener, Message } from './chat'
import { EmbeddedChat } from './embedded'

const TO = { conversation: 'c1', peer: 'counselor' }
const row = (id: string): never => ({
  ID: id, type: 'TIMTextElem', payload: { text: 'hi' }, from: 'visitor', to: 'counselor', time: 1, timeMs: 1200, isRevoked: false,
  isPeerRead: false, sequence: 0, random: 0,
}) as never

let sent: Command[]
let isOpen: boolean
let hear: (frame: Frame) => void
let connected: (status: SocketStatus) => void
let told: unknown[]
let outliving: string[][]
/** How many messages one request takes. */
let room: number
let closeCode: number | null
let upload: ReturnType<typeof vi.fn<(conversation: string, image: Blob) => Promise<string>>>
let chat: EmbeddedChat

beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  told = []
  outliving = []
  room = 100
  closeCode = null
  isOpen = true
  upload = vi.fn(() => Promise.resolve('image1'))
  const listener: ChatListener = {
    said: (conversation, message) => told.push(['said', conversation, message.id, message.ref]),
    recalled: (conversation, id) => told.push(['recalled', conversation, id]),
    read: (conversation, reader, until) => told.push(['read', conversation, reader, until]),
    failed: (ref, reason) => told.push(['failed', ref, reason]),
    stale: () => told.push(['stale']),
  }
  chat = new EmbeddedChat({
    send: (command) => { if (isOpen) sent.push(command); return isOpen },
    onFrame: (on) => { hear = on; return () => { hear = () => {} } },
    onStatus: (on) => { connected = on; return () => {} },
    closeCode: () => closeCode,
    checkConnection: () => { reconnected(1006) },
  }, { upload, sendWithKeepalive: (messages) => outliving.push(messages.slice(0, room).map(({ ref }) => ref)) && Math.min(room, messages.length) }, listener)
})
afterEach(() => {
  chat.stop()
  vi.useRealTimers()
})

/** The connection closes with `code`, and another one stands. */
function reconnected(code: number): void {
  closeCode = code
  isOpen = false
  connected('waiting')
  isOpen = true
  connected('open')
}
const refs = (): unknown[] => sent.map((command) => 'ref' in command && command.ref)

describe('our own IM', () => {
  it('says a text, and tells it once it is kept', () => {
    chat.say(TO, 'r1', { text: 'hi' })
    expect(sent).toEqual([{ type: 'say', ref: 'r1', conversation: 'c1', text: 'hi' }])
    hear({ type: 'said', ref: 'r1', conversation: 'c1', message: row('m1') })
    expect(told).toEqual([['said', 'c1', 'm1', 'r1']])
    vi.advanceTimersByTime(60_000)
    connected('open')
    expect([sent.length, told.at(-1)]).toEqual([1, ['stale']])
  })

  it('says again after a reconnect what was not answered, under the same key and in the same order', () => {
    chat.say(TO, 'r1', { text: 'one' })
    connected('waiting')
    isOpen = false
    chat.say(TO, 'r2', { text: 'two' })
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
    isOpen = true
    connected('open')
    expect(refs()).toEqual(['r1', 'r1', 'r2'])
  })

  it('tries another connection where one does not answer, and gives up in the end', () => {
    chat.say(TO, 'r1', { text: 'hi' })
    vi.advanceTimersByTime(15_000)
    expect([refs(), told]).toEqual([['r1', 'r1'], [['stale']]])
    vi.advanceTimersByTime(30_000)
    expect(refs()).toEqual(['r1', 'r1', 'r1'])
    expect(told.filter((one) => (one as string[])[0] === 'failed')).toEqual([['failed', 'r1', { key: 'network', words: '' }]])
  })

  it.each([1009, 1003, 1008])('fails once the one message that makes the server close with %i, and sends the others', (code) => {
    for (const ref of ['r1', 'bad', 'r3']) chat.say(TO, ref, { text: ref })
    reconnected(code)
    expect(refs().slice(3), 'one by one from now on').toEqual(['r1'])
    hear({ type: 'said', ref: 'r1', conversation: 'c1', message: row('m1') })
    expect(refs().slice(4)).toEqual(['bad'])
    reconnected(code)
    expect(told.filter((one) => (one as string[])[0] === 'failed')).toEqual([['failed', 'bad', { key: 'refused', words: '' }]])
    expect(refs().slice(5)).toEqual(['r3'])
    hear({ type: 'said', ref: 'r3', conversation: 'c1', message: row('m3') })
    for (const ref of ['r4', 'r5']) chat.say(TO, ref, { text: ref })
    expect(refs().slice(6), 'all at once again').toEqual(['r4', 'r5'])
  })

  it('says once more with a request what was not answered when the page goes away', () => {
    chat.say(TO, 'r1', { text: 'goodbye' })
    chat.say(TO, 'r2', { text: '…' })
    chat.say(TO, 'r3', { text: '……' })
    hear({ type: 'said', ref: 'r1', conversation: 'c1', message: row('m1') })
    window.dispatchEvent(new Event('pagehide'))
    window.dispatchEvent(new Event('pagehide'))
    expect(outliving).toEqual([['r2', 'r3']])
  })

  it('says the next time what one request had no room for', () => {
    room = 2
    for (const ref of ['r1', 'r2', 'r3']) chat.say(TO, ref, { text: ref })
    for (let times = 0; times < 3; times += 1) window.dispatchEvent(new Event('pagehide'))
    expect(outliving).toEqual([['r1', 'r2'], ['r3']])
  })

  it('asks before the page goes while a picture is on its way', async () => {
    const leaves = (): boolean => window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
    expect(leaves()).toBe(true)
    chat.say(TO, 'r1', { image: new Blob(['x']) })
    expect(leaves()).toBe(false)
    await vi.advanceTimersByTimeAsync(0)
    expect(leaves()).toBe(true)
  })

  it('sends no half of a character', () => {
    chat.say(TO, 'r1', { text: 'a\uD83D' })
    expect(sent).toMatchObject([{ text: 'a\uFFFD' }])
  })

  it('tells why something could not be said, and does not say it again', () => {
    chat.say(TO, 'r1', { text: 'hi' })
    hear({ type: 'error', ref: 'r1', code: -1, message: '会话已结束', reason: 'ended' })
    connected('open')
    expect([told[0], sent.length]).toEqual([['failed', 'r1', { key: 'ended', words: '会话已结束' }], 1])
    hear({ type: 'error', code: -2, message: '参数格式不正确', reason: 'malformed' })
    expect(told).toHaveLength(2)
  })

  it('shows a picture only after it is there', async () => {
    chat.say(TO, 'r1', { image: new Blob(['x']) })
    expect(sent).toEqual([])
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual([{ type: 'say', ref: 'r1', conversation: 'c1', image: 'image1' }])
    upload.mockRejectedValueOnce(new Refused(-2, '图片太大', 'pictureLarge'))
    chat.say(TO, 'r2', { image: new Blob(['x']) })
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toContainEqual(['failed', 'r2', { key: 'pictureLarge', words: '图片太大' }])
  })

  it('takes back, and says when that was not possible', async () => {
    const message = { id: 'm1' } as Message
    const done = chat.recall(TO, message)
    expect(sent.at(-1)).toEqual({ type: 'recall', ref: 'recall-m1', conversation: 'c1', message: 'm1' })
    hear({ type: 'recalled', ref: 'recall-m1', conversation: 'c1', message: 'm1' })
    await expect(done).resolves.toBeUndefined()
    expect(told).toEqual([['recalled', 'c1', 'm1']])
    const late = chat.recall(TO, message)
    hear({ type: 'error', ref: 'recall-m1', code: -1, message: '已超过两分钟', reason: 'tooLate' })
    await expect(late).rejects.toMatchObject({ reason: { key: 'tooLate', words: '已超过两分钟' } })
  })

  it('tells what others say, take back and read', () => {
    hear({ type: 'message', conversation: 'c1', message: row('m2') })
    hear({ type: 'recalled', conversation: 'c1', message: 'm2' })
    hear({ type: 'read', conversation: 'c1', reader: 'p1', until: 9 })
    expect(told).toEqual([['said', 'c1', 'm2', null], ['recalled', 'c1', 'm2'], ['read', 'c1', 'p1', 9]])
  })

  it('tells what was looked at, as soon as there is a connection', () => {
    chat.read(TO)
    isOpen = false
    chat.read(TO)
    chat.read({ conversation: 'c2', peer: 'other' })
    isOpen = true
    connected('open')
    connected('open')
    expect(sent.map((command) => 'conversation' in command && command.conversation)).toEqual(['c1', 'c1', 'c2'])
  })

  it('is silent after its end', () => {
    chat.say(TO, 'r1', { text: 'hi' })
    chat.stop()
    vi.advanceTimersByTime(60_000)
    hear({ type: 'message', conversation: 'c1', message: row('m2') })
    expect(told).toEqual([])
  })
})

describe('what is asked of it twice, or too late', () => {
  const kept = { id: 'm1' } as unknown as Message

  it('is one withdrawal, of which both are told how it went', async () => {
    const [first, second] = [chat.recall(TO, kept), chat.recall(TO, kept)]
    expect(sent).toHaveLength(1)
    hear({ type: 'recalled', ref: 'recall-m1', conversation: 'c1', message: 'm1' })
    await expect(Promise.all([first, second])).resolves.toEqual([undefined, undefined])
    void chat.recall(TO, kept)
    expect(sent, 'later it is another').toHaveLength(2)
  })

  it('says nothing with the log-in of whoever comes next, when a picture is there after the end', async () => {
    let there: (id: string) => void = () => {}
    upload.mockImplementation(() => new Promise((resolve) => { there = resolve }))
    chat.say(TO, 'r1', { image: new Blob(['x']) })
    chat.stop()
    there('image1')
    await vi.advanceTimersByTimeAsync(0)
    expect([sent, told]).toEqual([[], []])
  })
})
