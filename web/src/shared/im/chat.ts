// The one face of both IMs. The record of a talk always comes from our server; an IM brings what is said just now and
// takes what is to be said.

import { NoSession, Refused } from '@/api/answer'
import type { WebMessage } from '@/api/types'
import type { SaidMessage } from '@/api/frames'

export type SimpleBody
  = | { kind: 'text', text: string }
    | { kind: 'image', url: string, width: number, height: number }
    /** Voice, file, video and the like: what it is, where it is, and what it says of itself, if that is known. */
    | { kind: 'other', type: string, url: string | null, title?: string, lines?: string[] }

export type Body
  = | SimpleBody
    /** A message of several elements. */
    | { kind: 'several', parts: SimpleBody[] }

/** Why something was not said: a key of `chat.why` in the pages' words, and the server's own words. */
export interface Reason { key: string, words: string }

export interface Message {
  /** Stable as long as the page lives, also while the message gets its id. */
  key: string
  /** Our id of it; null until it is kept. */
  id: string | null
  ref: string | null
  /** A user name. */
  from: string
  /** Epoch milliseconds. */
  time: number
  body: Body
  isRevoked: boolean
  /** By the one it was said to. */
  isReadByPeer: boolean
  /** What orders messages of one second, and with `random` tells two of Tencent's apart. */
  sequence: number
  random: number
  /** What a notice of ours means; null for people's words. */
  notice: Notice | null
  state: 'sending' | 'stored' | 'failed'
  reason: Reason | null
}

/** `silence`: whether there is anything else was asked. `limit`: the end was announced so many seconds ahead. All kinds: docs/contract.md 5. */
export interface Notice { kind: string, seconds: number | null }

export type Content = { text: string } | { image: Blob }

/** What an IM tells. */
export interface ChatListener {
  said: (conversation: string, message: Message) => void
  recalled: (conversation: string, id: string) => void
  /** Everything that others than `reader` (a person's id or user name) said until `until` is read. */
  read: (conversation: string, reader: string, until: number) => void
  /** The message with this `ref` could not be said. */
  failed: (ref: string, reason: Reason) => void
  /** Something may have been missed: the record is to be read again. */
  stale: () => void
}

/** Whom a talk is with: Tencent's IM knows people, ours knows conversations. */
export interface Addressee {
  conversation: string
  /** The other's user name. */
  peer: string
}

export interface Chat {
  /** Says it, sooner or later, or tells `failed`. `ref` is the caller's own key for it; the same again is said once. */
  say: (to: Addressee, ref: string, content: Content) => void
  /** Takes one's own message back. */
  recall: (to: Addressee, message: Message) => Promise<void>
  read: (to: Addressee) => void
  stop: () => void
}

/** Something said could not be taken back. */
export class NotRecalled extends Error {
  constructor(readonly reason: Reason) {
    super(reason.words)
    this.name = 'NotRecalled'
  }
}

export const NO_ANSWER: Reason = { key: 'network', words: '' }

/** Why a request for something to be said failed. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refused) return { key: error.reason ?? '', words: error.message }
  if (error instanceof NoSession) return { key: 'noSession', words: '' }
  return NO_ANSWER
}

/** Half of a pair of code units, as a cut emoji leaves it, is no text: no server takes it. */
export const wellFormed = (text: string): string =>
  text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, (found) => (found.length === 2 ? found : '\uFFFD'))

/** Within which one may take a message back, as with Tencent. */
export const RECALL_MS_MAX = 2 * 60 * 1000

/** The IM account that notices of ours come from; nobody can be called so. */
const ADMINISTRATOR = 'administrator'

/** Whether nobody said it: the two are told something. */
export const isNotice = (message: Message): boolean => message.from === ADMINISTRATOR

/** A notice that came as an event, named as `limit-600`; the record will have it, too. */
export function notice(seq: number, time: number, name: string, text: string): Message {
  const [, kind = name, seconds] = /^(.*)-(\d+)$/.exec(name) ?? []
  return {
    key: `notice-${seq}`, id: null, ref: null, from: ADMINISTRATOR, time, body: { kind: 'text', text }, isRevoked: false,
    isReadByPeer: false, sequence: 0, random: 0, notice: { kind, seconds: seconds === undefined ? null : Number(seconds) },
    state: 'stored', reason: null,
  }
}

/** A row of the record. */
export function fromRecord(row: WebMessage | SaidMessage): Message {
  return {
    key: row.ID,
    id: row.ID,
    ref: 'ref' in row ? row.ref : null,
    from: row.from,
    time: 'timeMs' in row ? row.timeMs : row.time * 1000,
    body: bodyOfRow(row),
    isRevoked: row.isRevoked,
    isReadByPeer: row.isPeerRead,
    sequence: row.sequence,
    random: row.random,
    notice: row.notice ?? null,
    state: 'stored',
    reason: null,
  }
}

const record = (value: unknown): Record<string, unknown> =>
  (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {})
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)

function bodyOfRow({ type, payload, elements }: WebMessage & { elements?: unknown }): Body {
  if (!Array.isArray(elements) || elements.length < 2) return bodyOf(type, payload)
  return { kind: 'several', parts: elements.map(record).map((element) => bodyOf(text(element.type), element.payload)) }
}

/** What a message of type `type` holds. A person made the payload: nothing in it is taken for granted. */
export function bodyOf(type: string, payload: unknown): SimpleBody {
  const content = record(payload)
  if (type === 'TIMTextElem') return { kind: 'text', text: text(content.text) }
  if (type === 'TIMImageElem' && Array.isArray(content.imageInfoArray)) {
    const sizes = content.imageInfoArray.map(record)
    // Tencent's thumbnails have types of their own; 1 is the picture itself, 0 in newer SDKs.
    const whole = sizes.find(({ type: size }) => size === 1 || size === 0) ?? sizes[0] ?? {}
    const url = text(whole.url) || text(whole.imageUrl)
    if (isPicture(url)) return { kind: 'image', url, width: number(whole.width), height: number(whole.height) }
  }
  return { kind: 'other', type, url: linkOf(type, content), ...aboutOf(type, content) }
}

function linkOf(type: string, content: Record<string, unknown>): string | null {
  const pictures = type === 'TIMImageElem' && Array.isArray(content.imageInfoArray)
    ? content.imageInfoArray.map(record).flatMap(({ url, imageUrl }) => [url, imageUrl])
    : []
  return [content.url, content.remoteAudioUrl, content.fileUrl, content.videoUrl, ...pictures].map(text).find(isLink) ?? null
}

/** What it says of itself, if anything. */
function aboutOf(type: string, content: Record<string, unknown>): { title?: string, lines?: string[] } {
  const seconds = number(content.second) || number(content.videoSecond)
  const titles: Record<string, string> = {
    TIMRelayElem: text(content.title),
    TIMLocationElem: text(content.description),
    TIMFileElem: text(content.fileName),
    TIMSoundElem: seconds > 0 ? `${seconds}″` : '',
    TIMVideoFileElem: seconds > 0 ? `${seconds}″` : '',
  }
  const title = titles[type] ?? ''
  const lines = type === 'TIMRelayElem' && Array.isArray(content.abstractList) ? content.abstractList.map(text).filter((line) => line !== '') : []
  return { ...(title === '' ? {} : { title }), ...(lines.length === 0 ? {} : { lines }) }
}

/** Nothing but an address of the web is opened. */
const isLink = (url: string): boolean => /^https?:\/\//i.test(url)
/** Without TLS a picture is only linked to: the page's policy shows none. */
const isPicture = (url: string): boolean => url.startsWith('https://') || /^\/im\/image\/[0-9a-f]+$/i.test(url)
