// Our own IM, over the socket that is there anyway.

import type { Command, Frame } from '@/socket/frames'
import type { SocketStatus } from '@/socket/socket'
import { fromRecord, type Addressee, type Chat, type ChatListener, type Content, type Message } from './chat'

/** What it needs of the page's socket. */
export interface Wire {
  send: (command: Command) => boolean
  onFrame: (listener: (frame: Frame) => void) => () => void
  onStatus: (listener: (status: SocketStatus) => void) => () => void
}

export type Upload = (conversation: string, image: Blob) => Promise<string>

/** An answer to something sent that takes longer will not come. */
const ANSWER_MS_MAX = 15_000
/** The words that stand when there are none of the server's. */
const NO_ANSWER = ''

interface Pending {
  command: Command
  done?: { resolve: () => void, reject: (reason: Error) => void }
  timer?: ReturnType<typeof setTimeout>
}

export class EmbeddedChat implements Chat {
  /** By `ref`, in the order they were asked for: sent again after a reconnect, which the server counts once. */
  private readonly pending = new Map<string, Pending>()
  /** Talks that were looked at while there was no connection to tell it. */
  private readonly looked = new Set<string>()
  private readonly leave: (() => void)[]

  constructor(
    private readonly wire: Wire,
    private readonly upload: Upload,
    private readonly listener: ChatListener,
  ) {
    this.leave = [
      wire.onFrame((frame) => { this.hear(frame) }),
      wire.onStatus((status) => { this.connected(status) }),
    ]
  }

  say(to: Addressee, ref: string, content: Content): void {
    const { conversation } = to
    if ('text' in content) {
      this.ask(ref, { command: { type: 'say', ref, conversation, text: content.text } })
      return
    }
    this.upload(conversation, content.image).then(
      (image) => { this.ask(ref, { command: { type: 'say', ref, conversation, image } }) },
      (error: unknown) => { this.listener.failed(ref, error instanceof Error ? error.message : NO_ANSWER) },
    )
  }

  recall(to: Addressee, message: Message): Promise<void> {
    const { id } = message
    if (id === null) return Promise.reject(new Error(NO_ANSWER))
    const ref = `recall-${id}`
    return new Promise((resolve, reject) => {
      this.ask(ref, {
        command: { type: 'recall', ref, conversation: to.conversation, message: id }, done: { resolve, reject },
      })
    })
  }

  read({ conversation }: Addressee): void {
    if (this.wire.send({ type: 'read', conversation })) return
    this.looked.add(conversation)
  }

  stop(): void {
    this.leave.forEach((leave) => { leave() })
    this.pending.forEach(({ timer }) => { clearTimeout(timer) })
    this.pending.clear()
  }

  private ask(ref: string, pending: Pending): void {
    this.pending.set(ref, pending)
    this.send(ref, pending)
  }

  /** Out of the door if it is open, and then an answer is due. */
  private send(ref: string, pending: Pending): void {
    if (!this.wire.send(pending.command)) return
    clearTimeout(pending.timer)
    pending.timer = setTimeout(() => { this.settle(ref, NO_ANSWER) }, ANSWER_MS_MAX)
  }

  private connected(status: SocketStatus): void {
    if (status === 'open') {
      this.pending.forEach((pending, ref) => { this.send(ref, pending) })
      const looked = [...this.looked]
      this.looked.clear()
      looked.forEach((conversation) => { this.read({ conversation, peer: '' }) })
      this.listener.stale()
    } else {
      this.pending.forEach(({ timer }) => { clearTimeout(timer) })
    }
  }

  /** The end of what was asked with `ref`; without a reason it is good. */
  private settle(ref: string, reason?: string): void {
    const pending = this.pending.get(ref)
    if (pending === undefined) return
    clearTimeout(pending.timer)
    this.pending.delete(ref)
    if (reason === undefined) {
      pending.done?.resolve()
    } else if (pending.done) {
      pending.done.reject(new Error(reason))
    } else {
      this.listener.failed(ref, reason)
    }
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
        if (frame.ref !== undefined) this.settle(frame.ref, frame.message)
        break
      default:
    }
  }
}
