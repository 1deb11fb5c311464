import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Frame } from '@/api/frames'
import { LiveSocket, patience, socketUrl, type SocketStatus } from './socket'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState: number = WebSocket.CONNECTING
  sent: unknown[] = []
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: (event: { code: number }) => void
  constructor(readonly url: string) { FakeSocket.all.push(this) }

  send(text: string): void { this.sent.push(JSON.parse(text)) }
  close(): void { this.readyState = WebSocket.CLOSED }
  opens(): void { this.readyState = WebSocket.OPEN; this.onopen?.() }
  hears(frame: unknown): void { this.onmessage?.({ data: JSON.stringify(frame) }) }
  loses(code = 1006): void { this.readyState = WebSocket.CLOSED; this.onclose?.({ code }) }
}

const SNAPSHOT = { type: 'snapshot', cursor: 4, conversation: null, queue: null }
let statuses: SocketStatus[]
let frames: Frame[]
let cursor: number | null
let live: LiveSocket
const latest = (): FakeSocket => FakeSocket.all.at(-1)!

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  statuses = []
  frames = []
  cursor = null
  live = new LiveSocket({
    url: () => socketUrl('http://host/base', '/visitor/ws', { since: cursor }),
    auth: () => 'secret',
    onFrame: (frame) => frames.push(frame),
    onStatus: (status) => statuses.push(status),
    random: () => 1,
    open: (url) => new FakeSocket(url) as unknown as WebSocket,
  })
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
})

describe('the socket', () => {
  it('is open once it was greeted, and says first who it is', () => {
    latest().opens()
    expect(latest().sent).toEqual([{ type: 'auth', token: 'secret' }])
    expect([live.status, live.send({ type: 'ping' })]).toEqual(['connecting', false])
    latest().hears(SNAPSHOT)
    expect([statuses, frames]).toEqual([['connecting', 'open'], [SNAPSHOT]])
    expect(live.send({ type: 'presence', presence: 'busy' })).toBe(true)
  })

  it('never tells the token in its address', () => {
    expect(latest().url).toBe('ws://host/base/visitor/ws')
  })

  it('comes back from where it stopped', () => {
    latest().opens()
    latest().hears(SNAPSHOT)
    cursor = 4
    latest().loses()
    expect(live.status).toBe('waiting')
    vi.advanceTimersByTime(patience(0, () => 1))
    expect([FakeSocket.all.length, latest().url]).toEqual([2, 'ws://host/base/visitor/ws?since=4'])
    latest().opens()
    latest().hears({ type: 'resumed', cursor: 9 })
    expect(live.status).toBe('open')
  })

  it('is more and more patient, and eager again after a success', () => {
    expect([0, 1, 2, 3, 20].map((failures) => patience(failures, () => 1))).toEqual([500, 1000, 2000, 4000, 20_000])
    expect(patience(3, () => 0)).toBe(2000)
    for (const wait of [500, 1000, 2000]) {
      const before = FakeSocket.all.length
      latest().loses()
      vi.advanceTimersByTime(wait - 1)
      expect(FakeSocket.all.length).toBe(before)
      vi.advanceTimersByTime(1)
      expect(FakeSocket.all.length).toBe(before + 1)
    }
    latest().opens()
    latest().hears(SNAPSHOT)
    latest().loses()
    vi.advanceTimersByTime(500)
    expect(FakeSocket.all.length).toBe(5)
  })

  it('asks a silent connection whether it lives, and leaves one that does not answer', () => {
    latest().opens()
    latest().hears(SNAPSHOT)
    vi.advanceTimersByTime(20_000)
    expect(latest().sent.at(-1)).toEqual({ type: 'ping' })
    latest().hears({ type: 'pong' })
    vi.advanceTimersByTime(20_000 + 7_999)
    expect(live.status).toBe('open')
    vi.advanceTimersByTime(1)
    expect(live.status).toBe('waiting')
  })

  it('leaves one that never greets', () => {
    latest().opens()
    vi.advanceTimersByTime(8_000)
    expect(live.status).toBe('waiting')
  })

  it('does not connect again where the log-in has ended', () => {
    latest().opens()
    latest().loses(4003)
    vi.advanceTimersByTime(120_000)
    expect([live.status, FakeSocket.all.length]).toEqual(['refused', 1])
    live.start()
    expect(FakeSocket.all.length).toBe(2)
  })

  it('hurries when the network is back, and doubts it when it goes', () => {
    latest().opens()
    latest().hears(SNAPSHOT)
    window.dispatchEvent(new Event('offline'))
    expect(live.status).toBe('waiting')
    window.dispatchEvent(new Event('online'))
    expect([live.status, FakeSocket.all.length]).toEqual(['connecting', 2])
  })

  it('listens to nothing that an abandoned connection still says', () => {
    const old = latest()
    old.opens()
    old.loses()
    vi.advanceTimersByTime(500)
    old.hears(SNAPSHOT)
    old.loses()
    expect([frames, live.status, FakeSocket.all.length]).toEqual([[], 'connecting', 2])
  })

  it('ends for good when told to', () => {
    latest().opens()
    latest().hears(SNAPSHOT)
    live.stop()
    window.dispatchEvent(new Event('online'))
    vi.advanceTimersByTime(120_000)
    expect([live.status, FakeSocket.all.length]).toEqual(['idle', 1])
  })
})
