// The talks whose messages the page shows, and what is said in them.

import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { Refused, Unreachable } from '@/api/answer'
import { serverNow } from '@/api/clock'
import { uploadImage } from '@/api/images'
import { fetchUnread, listMessages, sendWithKeepalive } from '@/api/messages'
import type { Config, Me, Unread } from '@/api/types'
import { fromRecord, isNotice, notice, reasonOf, type Addressee, type Chat, type ChatListener, type Content, type Message } from '@/shared/im/chat'
import { EmbeddedChat } from '@/shared/im/embedded'
import { failed, merge, mergeRecord, ownReadUntil, readUntil, recalled, seenBefore, unread } from '@/shared/im/thread'
import { useLive } from './live'
import { usePeople } from './people'

export interface Thread {
  messages: Message[]
  /** `loading` and `wrong` are about the record; what is there stays shown. */
  state: 'new' | 'loading' | 'there' | 'wrong'
  error: unknown
  /** Until when (epoch ms) this person has seen everything. */
  seenUntil: number
  /** Messages may be missing here: after the message with this key, or at the beginning. Null while nothing is missing. */
  missing: { after: string | null } | null
}

/** A key for a message of ours; `crypto.randomUUID` is not there without TLS. */
const newRef = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Rows of the record in one answer; the server gives no more. */
const PAGE = 200
/** Before a reading that failed is tried again: doubled each time. */
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 30_000
/** A page that takes longer is stuck, and the next try is made on another connection: with more patience, it may be a slow one. */
const READ_MS_MAX = [8_000, 16_000, 20_000]

export const useChats = defineStore('chats', () => {
  const threads = reactive(new Map<string, Thread>())
  /** Talks to be read once more, since something happened while they were. */
  const again = new Set<string>()
  let me: Pick<Me, 'id' | 'username'> | null = null
  /** How to get an IM, and the one that was got; a failure is forgotten, so that the next message tries again. */
  let make: (() => Promise<Chat>) | null = null
  let made: Promise<Chat> | null = null
  let leave: (() => void)[] = []
  let generation = 0
  /** Readings that failed and are tried again, and how often each failed in a row. */
  const retries = new Map<string, { failures: number, timer: ReturnType<typeof setTimeout> | undefined }>()
  /** Of talks whose record is to be read again: after which message something may be missing. */
  const unsure = new Map<string, string | null>()
  /** Pictures that are not kept yet, by `ref`: what failed can be sent again. */
  const pictures = new Map<string, Blob>()

  function thread(conversation: string): Thread {
    const known = threads.get(conversation)
    if (known) return known
    threads.set(conversation, { messages: [], state: 'new', error: null, seenUntil: 0, missing: null })
    return threads.get(conversation) as Thread
  }

  const listener: ChatListener = {
    said(conversation, message) {
      const talk = thread(conversation)
      const shown = talk.messages.find(({ ref, state }) => ref !== null && ref === message.ref && state !== 'stored')
      if (shown?.body.kind === 'image') URL.revokeObjectURL(shown.body.url)
      if (message.ref !== null) pictures.delete(message.ref)
      talk.messages = merge(talk.messages, [message])
    },
    recalled(conversation, id) {
      const talk = thread(conversation)
      talk.messages = recalled(talk.messages, id)
    },
    read(conversation, reader, until) {
      const talk = thread(conversation)
      const username = usePeople().find(reader)?.username ?? reader
      if (reader === me?.id || username === me?.username) talk.seenUntil = Math.max(talk.seenUntil, until)
      talk.messages = readUntil(talk.messages, username, until)
    },
    failed(ref, reason) {
      for (const talk of threads.values()) {
        if (talk.messages.some((message) => message.ref === ref)) talk.messages = failed(talk.messages, ref, reason)
      }
    },
    stale() {
      for (const [conversation, talk] of threads) {
        if (talk.state === 'new') continue
        if (!unsure.has(conversation)) unsure.set(conversation, lastKept(talk))
        void load(conversation)
      }
    },
  }

  const lastKept = (talk: Thread): string | null => talk.messages.findLast(({ state }) => state === 'stored')?.key ?? null

  /** With which IM messages travel is the server's choice. */
  function start(config: Config, person: Pick<Me, 'id' | 'username'>): void {
    stop()
    me = person
    const live = useLive()
    leave = [
      live.onEvent((event) => {
        if (event.event === 'noticed') listener.said(event.conversation, notice(event.seq, event.time, event.notice, event.text))
      }),
      live.onStatus((status) => {
        if (status !== 'open') return
        for (const [conversation, talk] of threads) if (talk.missing !== null) void load(conversation)
      }),
    ]
    const { im } = config
    if (im?.mode === 'tencent') {
      make = async () => (await import('@/shared/im/tencent')).tencentChat(im.sdkAppId, person.username, listener)
      // Without it one reads the record; writing tries again and tells what is wrong.
      connected().catch(() => undefined)
    } else {
      const chat = new EmbeddedChat(
        { send: live.send, onFrame: live.onFrame, onStatus: live.onStatus, closeCode: live.closeCode, checkConnection: live.checkConnection },
        { upload: uploadImage, sendWithKeepalive },
        listener,
      )
      made = Promise.resolve(chat)
    }
  }

  function connected(): Promise<Chat> {
    if (made !== null) return made
    if (make === null) return Promise.reject(new Error(''))
    const mine = generation
    const trying = make().then((chat) => {
      if (mine === generation) return chat
      chat.stop()
      throw new Error('')
    })
    made = trying
    trying.catch(() => { if (made === trying) made = null })
    return trying
  }

  function stop(): void {
    generation += 1
    made?.then((chat) => { chat.stop() }, () => undefined)
    made = null
    make = null
    leave.forEach((go) => { go() })
    leave = []
    threads.clear()
    again.clear()
    retries.forEach(({ timer }) => { clearTimeout(timer) })
    retries.clear()
    unsure.clear()
    pictures.clear()
    me = null
  }

  async function page(conversationId: string, number: number, failures: number): Promise<{ rows: Message[], count: number }> {
    const signal = AbortSignal.timeout(READ_MS_MAX[Math.min(failures, READ_MS_MAX.length - 1)] ?? 0)
    const answered = await listMessages(conversationId, number, PAGE, signal)
    return { rows: answered.rows.map(fromRecord), count: answered.count }
  }

  /** The whole record. What failed may have been too much at once: then one page after another. */
  async function pages(conversation: string, failures: number): Promise<Message[]> {
    const first = await page(conversation, 0, failures)
    const others = Array.from({ length: Math.max(0, Math.ceil(first.count / PAGE) - 1) }, (_, at) => at + 1)
    if (failures === 0) {
      const all = await Promise.all(others.map((number) => page(conversation, number, failures)))
      return [first, ...all].flatMap((one) => one.rows)
    }
    const all = [...first.rows]
    for (const number of others) all.push(...(await page(conversation, number, failures)).rows)
    return all
  }

  /** Of all talks; those that are read together ask once. */
  let marking: Promise<Unread[]> | null = null
  function unreadMarks(): Promise<Unread[]> {
    if (marking === null) {
      marking = askMarks()
      queueMicrotask(() => { marking = null })
    }
    return marking
  }

  /** None for whoever reads others' talks only. */
  async function askMarks(): Promise<Unread[]> {
    try {
      return await fetchUnread()
    } catch (error) {
      if (error instanceof Refused) return []
      throw error
    }
  }

  /** The record tells read marks from the counselor's side only; of talks in progress the server tells both. */
  function mark(talk: Thread, told: Unread | undefined): void {
    if (told === undefined || me === null) return
    talk.seenUntil = Math.max(talk.seenUntil, seenBefore(talk.messages, me.username, told.unread))
    if (told.peerReadTime !== null) talk.messages = ownReadUntil(talk.messages, me.username, told.peerReadTime)
  }

  /** Reads the record of a talk, whole; again whenever something may have been missed, also while it is being read. */
  async function load(conversation: string): Promise<void> {
    const talk = thread(conversation)
    if (talk.state === 'loading') {
      again.add(conversation)
      return
    }
    await read(conversation, talk)
    if (again.delete(conversation)) void load(conversation)
  }

  async function read(conversation: string, talk: Thread): Promise<void> {
    const before = generation
    talk.state = 'loading'
    clearTimeout(retries.get(conversation)?.timer)
    try {
      const [all, marks] = await Promise.all([pages(conversation, retries.get(conversation)?.failures ?? 0), unreadMarks()])
      if (before !== generation || threads.get(conversation) !== talk) return
      talk.messages = mergeRecord(talk.messages, all)
      mark(talk, marks.find((one) => one.conversation === conversation))
      talk.state = 'there'
      talk.error = null
      talk.missing = null
      unsure.delete(conversation)
      retries.delete(conversation)
    } catch (error) {
      if (before !== generation || threads.get(conversation) !== talk) return
      talk.state = 'wrong'
      talk.error = error
      talk.missing ??= { after: unsure.get(conversation) ?? null }
      // A refusal stays one; whatever else hindered it may pass.
      if (error instanceof Unreachable) retry(conversation)
    }
  }

  /** Reads again by itself while there is a connection; a new connection reads by itself. */
  function retry(conversation: string): void {
    const failures = (retries.get(conversation)?.failures ?? 0) + 1
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10))
    const timer = setTimeout(() => { if (useLive().isOpen) void load(conversation) }, wait)
    retries.set(conversation, { failures, timer })
  }

  /** Says it; the message is there at once, marked as on its way. */
  function say(to: Addressee, content: Content, again?: Message): void {
    if (me === null) return
    const ref = again?.ref ?? newRef()
    const body: Message['body'] = 'text' in content
      ? { kind: 'text', text: content.text }
      : again?.body ?? { kind: 'image', url: URL.createObjectURL(content.image), width: 0, height: 0 }
    if ('image' in content) pictures.set(ref, content.image)
    const talk = thread(to.conversation)
    talk.messages = merge(talk.messages, [{
      key: again?.key ?? ref, id: null, ref, from: me.username, time: serverNow(), body, isRevoked: false, isReadByPeer: false,
      sequence: 0, random: 0, notice: null, state: 'sending', reason: null,
    }])
    connected().then((chat) => { chat.say(to, ref, content) }, (error: unknown) => {
      listener.failed(ref, reasonOf(error))
    })
  }

  /** Tries a failed message once more; the server counts it once. */
  function sayAgain(to: Addressee, message: Message): void {
    if (message.body.kind === 'text') {
      say(to, { text: message.body.text }, message)
    } else if (message.body.kind === 'image' && message.ref !== null) {
      const image = pictures.get(message.ref)
      if (image !== undefined) say(to, { image }, message)
    }
  }

  /** Nobody looks at it any more, and nothing is told of it: it is read again when somebody does. Not where something waits to be said. */
  function forget(conversation: string): void {
    if (threads.get(conversation)?.messages.some(({ state }) => state !== 'stored')) return
    clearTimeout(retries.get(conversation)?.timer)
    retries.delete(conversation)
    unsure.delete(conversation)
    again.delete(conversation)
    threads.delete(conversation)
  }

  /** Everything there is has been looked at. */
  function see(to: Addressee): void {
    const talk = thread(to.conversation)
    const last = talk.messages.findLast((message) => message.from !== me?.username && !isNotice(message) && message.state === 'stored')
    if (last === undefined || last.time <= talk.seenUntil) return
    talk.seenUntil = last.time
    connected().then((chat) => { chat.read(to) }, () => undefined)
  }

  const unreadOf = (conversation: string): number => {
    const talk = threads.get(conversation)
    return talk === undefined || me === null ? 0 : unread(talk.messages, me.username, talk.seenUntil)
  }

  const recall = async (to: Addressee, message: Message): Promise<void> => (await connected()).recall(to, message)

  return { threads, thread, start, stop, load, forget, say, sayAgain, see, recall, unreadOf }
})
