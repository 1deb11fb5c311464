// Our own IM, over the socket that is there anyway.

import type { Say } from '@/api/types'
import type { Command, ErrorFrame, Frame } from '@/api/frames'
import type { SocketStatus } from '@/shared/socket/socket'
import {
  fromRecord, NO_ANSWER, NotRecalled, reasonOf, wellFormed, type Addressee, type Chat, type ChatListener, type Content, type Message, type Reason,
} from './chat'

/** What it needs of the page's socket. */
export interface Wire {
  send: (command: Command) => boolean
  onFrame: (listener: (frame: Frame) => void) => () => void
  onStatus: (listener: (status: SocketStatus) => void) => () => void
  /** With which code the last connection closed. */
  closeCode: () => number | null
  /** Gives the connection up and makes another one. */
  checkConnection: () => void
}

/** What reaches the server by requests. */
export interface Requests {
  upload: (conversation: string, image: Blob) => Promise<string>
  /** Says them with a request that outlives the page, as many of the first as it takes; returns how many. */
  sendWithKeepalive: (messages: Say[]) => number
}

/** An answer to something sent that takes longer will not come on this connection. */
const ANSWER_MS_MAX = 15_000
/** Connections on which something is tried before it counts as failed. */
const TRIES_MAX = 3
/** The server closed because of something that was sent: malformed, not text, not UTF-8, against its rules, too large. */
const CLOSED_FOR_CONTENT = new Set([1002, 1003, 1007, 1008, 1009])
const REFUSED: Reason = { key: 'refused', words: '' }

interface Pending {
  command: Command
  /** Whether it went out on the connection that stands. */
  isSent?: boolean
  /** On how many connections no answer came. */
  unanswered?: number
  /** Whether it went out with a request, too, when the page went away. */
  isOutliving?: boolean
  done?: { resolve: () => void, reject: (reason: Error) => void }
  timer?: ReturnType<typeof setTimeout>
}

export class EmbeddedChat implements Chat {
  /** By `ref`, in the order they were asked for: sent again after a reconnect, which the server counts once. */
  private readonly pending = new Map<string, Pending>()
  /** Talks that were looked at while there was no connection to tell it. */
  private readonly looked = new Set<string>()
  private readonly leave: (() => void)[]
  private isOpen = true
  /** The server closed because of one of several commands: they go out one by one until it is known which. */
  private isCareful = false
  private uploads = 0
  /** Withdrawals under way, by `ref`: pressed twice it is asked for once. */
  private readonly recalls = new Map<string, Promise<void>>()
  /** The socket is another one's by now, perhaps another person's. */
  private isStopped = false

  constructor(
    private readonly wire: Wire,
    private readonly requests: Requests,
    private readonly listener: ChatListener,
  ) {
    this.leave = [
      wire.onFrame((frame) => { this.hear(frame) }),
      wire.onStatus((status) => { this.connected(status) }),
    ]
    window.addEventListener('pagehide', this.outlive)
    document.addEventListener('visibilitychange', this.outlive)
    window.addEventListener('beforeunload', this.askFirst)
  }

  say(to: Addressee, ref: string, content: Content): void {
    const { conversation } = to
    if ('text' in content) {
      this.ask(ref, { command: { type: 'say', ref, conversation, text: wellFormed(content.text) } })
      return
    }
    this.uploads += 1
    this.requests.upload(conversation, content.image).finally(() => { this.uploads -= 1 }).then(
      (image) => { if (!this.isStopped) this.ask(ref, { command: { type: 'say', ref, conversation, image } }) },
      (error: unknown) => { if (!this.isStopped) this.listener.failed(ref, reasonOf(error)) },
    )
  }

  recall(to: Addressee, message: Message): Promise<void> {
    const { id } = message
    if (id === null) return Promise.reject(new NotRecalled(NO_ANSWER))
    const ref = `recall-${id}`
    const underway = this.recalls.get(ref)
    if (underway !== undefined) return underway
    const asked = new Promise<void>((resolve, reject) => {
      this.ask(ref, {
        command: { type: 'recall', ref, conversation: to.conversation, message: id }, done: { resolve, reject },
      })
    })
    this.recalls.set(ref, asked)
    const done = (): void => { this.recalls.delete(ref) }
    asked.then(done, done)
    return asked
  }

  read({ conversation }: Addressee): void {
    if (this.wire.send({ type: 'read', conversation })) return
    this.looked.add(conversation)
  }

  stop(): void {
    this.isStopped = true
    this.leave.forEach((leave) => { leave() })
    window.removeEventListener('pagehide', this.outlive)
    document.removeEventListener('visibilitychange', this.outlive)
    window.removeEventListener('beforeunload', this.askFirst)
    this.pending.forEach(({ timer }) => { clearTimeout(timer) })
    this.pending.clear()
  }

  /** The page goes away, perhaps for good: what is not acknowledged goes out once more, and the server counts it once. */
  private readonly outlive = (event: Event): void => {
    if (event.type !== 'pagehide' && document.visibilityState === 'visible') return
    const left: Pending[] = []
    const messages: Say[] = []
    for (const pending of this.pending.values()) {
      if (pending.command.type !== 'say' || pending.isOutliving) continue
      left.push(pending)
      messages.push(pending.command)
    }
    if (messages.length === 0) return
    // What had no room may go out the next time: a page is hidden before it is closed.
    const sent = this.requests.sendWithKeepalive(messages)
    left.slice(0, sent).forEach((pending) => { pending.isOutliving = true })
  }

  /** A picture on its way cannot outlive the page, nor can messages without a network. */
  private readonly askFirst = (event: BeforeUnloadEvent): void => {
    if (this.uploads > 0 || (!this.isOpen && this.pending.size > 0)) event.preventDefault()
  }

  private ask(ref: string, pending: Pending): void {
    this.pending.set(ref, pending)
    this.sendNext()
  }

  /** What waits goes out: all of it, or the first alone. */
  private sendNext(): void {
    if (this.isCareful && this.pending.size === 0) this.isCareful = false
    const waiting = [...this.pending]
    for (const [ref, pending] of this.isCareful ? waiting.slice(0, 1) : waiting) this.send(ref, pending)
  }

  /** An answer is due once it went out. */
  private send(ref: string, pending: Pending): void {
    if (pending.isSent || !this.wire.send(pending.command)) return
    pending.isSent = true
    clearTimeout(pending.timer)
    pending.timer = setTimeout(() => { this.unanswered(ref, pending) }, ANSWER_MS_MAX)
  }

  /** The network may swallow everything without a word: another connection is tried before it counts as failed. */
  private unanswered(ref: string, pending: Pending): void {
    pending.unanswered = (pending.unanswered ?? 0) + 1
    if (pending.unanswered >= TRIES_MAX) this.settle(ref, NO_ANSWER)
    this.wire.checkConnection()
  }

  private connected(status: SocketStatus): void {
    const wasOpen = this.isOpen
    this.isOpen = status === 'open'
    if (status === 'open') {
      this.sendNext()
      const looked = [...this.looked]
      this.looked.clear()
      looked.forEach((conversation) => { this.read({ conversation, peer: '' }) })
      this.listener.stale()
    } else {
      if (wasOpen) this.closed(this.wire.closeCode())
      this.pending.forEach((pending) => {
        clearTimeout(pending.timer)
        pending.isSent = false
        pending.isOutliving = false
      })
    }
  }

  /** One command that the server does not take must not hold up the others: it fails, once it is known which it is. */
  private closed(code: number | null): void {
    if (code === null || !CLOSED_FOR_CONTENT.has(code)) return
    const sent = [...this.pending].filter(([, { isSent }]) => isSent)
    // Too many at once are nobody's fault alone.
    const culprit = sent.length === 1 && (this.isCareful || code !== 1008) ? sent[0] : undefined
    if (culprit) this.settle(culprit[0], REFUSED)
    this.isCareful = this.pending.size > 0
  }

  /** The end of what was asked with `ref`; without a reason it is good. */
  private settle(ref: string, reason?: Reason): void {
    const pending = this.pending.get(ref)
    if (pending === undefined) return
    clearTimeout(pending.timer)
    this.pending.delete(ref)
    if (reason === undefined) {
      pending.done?.resolve()
    } else if (pending.done) {
      pending.done.reject(new NotRecalled(reason))
    } else {
      this.listener.failed(ref, reason)
    }
    this.sendNext()
  }

  private hear(frame: Frame): void {
    switch (frame.type) {
      case 'said':
        this.listener.said(frame.conversation, { ...fromRecord(frame.message), ref: frame.ref })
        this.settle(frame.ref)
        break
      case 'message':
        this.listener.said(frame.conversation, fromRecord(frame.message))
        break
      case 'recalled':
        this.listener.recalled(frame.conversation, frame.message)
        if (frame.ref !== undefined) this.settle(frame.ref)
        break
      case 'read':
        this.listener.read(frame.conversation, frame.reader, frame.until)
        break
      case 'error':
        if (frame.ref !== undefined) this.settle(frame.ref, told(frame))
        break
      default:
    }
  }
}

const told = ({ reason, message }: ErrorFrame): Reason => ({ key: reason, words: message })
