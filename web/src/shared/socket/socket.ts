// One socket that comes back: with patience that grows, from where it stopped, and noticing a silence that is none.

import type { Command, Frame } from '@/api/frames'

export type SocketStatus = 'idle' | 'connecting' | 'open' | 'waiting' | 'refused'

export interface SocketOptions {
  /** The address, asked anew at each try; `since` is in it if something is known. */
  url: () => string
  /** Sent as the first frame: a visitor's token. */
  auth?: () => string | null
  onFrame: (frame: Frame) => void
  onStatus: (status: SocketStatus) => void
  /** For tests. */
  random?: () => number
  open?: (url: string) => WebSocket
}

/** The first wait, doubled at each failure. */
const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 20_000
/** A connection that was silent for so long is sent a ping … */
const QUIET_MS_MAX = 20_000
/** … and given up if it does not answer for so long; also the time a hello may take. */
const ANSWER_MS_MAX = 8_000
/** The log-in has ended. */
const CLOSED_NO_SESSION = 4003
const NO_SESSION = 'no session'

/** How long to wait before try number `failures` + 1: doubled each time, half of it by chance. */
export function patience(failures: number, random: () => number): number {
  const whole = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10))
  return Math.round(whole / 2 + (whole / 2) * random())
}

export class LiveSocket {
  private socket: WebSocket | null = null
  private failures = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private watch: ReturnType<typeof setTimeout> | undefined
  private current: SocketStatus = 'idle'
  private code: number | null = null
  /** What the server said when it closed last. */
  private said = ''

  constructor(private readonly options: SocketOptions) {}

  get status(): SocketStatus {
    return this.current
  }

  /** With which code the last connection closed. */
  get closeCode(): number | null {
    return this.code
  }

  /** How many times in a row it was not reached at all. */
  get failedTries(): number {
    return this.failures
  }

  /** Why it closed last, in the server's words; empty while it stands. */
  get why(): string {
    return this.said
  }

  /** Connects, and from now on again and again until `stop`. */
  start(): void {
    if (this.current !== 'idle' && this.current !== 'refused') return
    window.addEventListener('online', this.hurry)
    window.addEventListener('offline', this.checkConnection)
    document.addEventListener('visibilitychange', this.hurry)
    this.failures = 0
    this.connect()
  }

  /** Closes for good. */
  stop(): void {
    this.end('idle')
  }

  /** Whether it went out; what did not is not kept: the caller knows whether to repeat it. */
  send(command: Command): boolean {
    if (this.current !== 'open' || this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(command))
    return true
  }

  private connect(): void {
    clearTimeout(this.retry)
    this.become('connecting')
    let socket: WebSocket
    try {
      socket = this.options.open?.(this.options.url()) ?? new WebSocket(this.options.url())
    } catch {
      this.again()
      return
    }
    this.socket = socket
    socket.onopen = () => {
      const token = this.options.auth?.()
      if (token) socket.send(JSON.stringify({ type: 'auth', token } satisfies Command))
    }
    socket.onmessage = (message) => { this.heard(socket, message) }
    socket.onclose = (event) => { this.closed(socket, event.code, event.reason) }
    this.watch = setTimeout(() => { this.giveUp(socket) }, ANSWER_MS_MAX)
  }

  private heard(socket: WebSocket, message: MessageEvent): void {
    if (socket !== this.socket) return
    this.listen(socket)
    const frame = JSON.parse(String(message.data)) as Frame
    if (frame.type === 'snapshot' || frame.type === 'resumed') this.failures = 0
    // The page knows the state before it hears that the connection stands.
    this.options.onFrame(frame)
    if (this.current === 'connecting' && (frame.type === 'snapshot' || frame.type === 'resumed')) {
      this.said = ''
      this.become('open')
    }
  }

  /** Something came: the next silence is counted from here. */
  private listen(socket: WebSocket): void {
    clearTimeout(this.watch)
    this.watch = setTimeout(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ping' } satisfies Command))
      this.watch = setTimeout(() => { this.giveUp(socket) }, ANSWER_MS_MAX)
    }, QUIET_MS_MAX)
  }

  /** A socket whose closing nobody would answer is not waited for. */
  private giveUp(socket: WebSocket): void {
    this.closed(socket, 1006)
    socket.close()
  }

  private closed(socket: WebSocket, code: number, why = ''): void {
    if (socket !== this.socket) return
    // `no session` is what follows: that the log-in is gone, not why.
    if (why !== '' && why !== NO_SESSION) this.said = why
    this.socket = null
    this.code = code
    clearTimeout(this.watch)
    if (code === CLOSED_NO_SESSION) {
      this.end('refused')
    } else {
      this.again()
    }
  }

  private again(): void {
    this.become('waiting')
    const wait = patience(this.failures, this.options.random ?? Math.random)
    this.failures += 1
    this.retry = setTimeout(() => { this.connect() }, wait)
  }

  /** The network is back, or the page is looked at again: no reason to be patient. */
  private readonly hurry = (): void => {
    if (this.current === 'waiting' && document.visibilityState === 'visible') this.connect()
  }

  /** The network is gone, or an answer did not come: the connection will not say so by itself for long. */
  readonly checkConnection = (): void => {
    if (this.socket) this.giveUp(this.socket)
  }

  private end(status: SocketStatus): void {
    window.removeEventListener('online', this.hurry)
    window.removeEventListener('offline', this.checkConnection)
    document.removeEventListener('visibilitychange', this.hurry)
    clearTimeout(this.retry)
    clearTimeout(this.watch)
    const socket = this.socket
    this.socket = null
    socket?.close(1000)
    this.become(status)
  }

  private become(status: SocketStatus): void {
    if (status === this.current) return
    this.current = status
    this.options.onStatus(status)
  }
}

/** The address of a socket of ours. */
export function socketUrl(base: string, path: string, query: Record<string, string | number | null>): string {
  const url = new URL(`${base}${path}`)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, String(value))
  }
  return url.href
}
