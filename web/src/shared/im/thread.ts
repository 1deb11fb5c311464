// The messages of one talk as the page knows them: what the record has, what was said since, what is on its way. Pure.

import { isNotice, type Message, type Reason } from './chat'

/** A notice is told as an event and stands in the record, too, a moment later. */
const SAME_NOTICE_MS = 10_000

/** Whether `b` is what is already there as `a`. */
function same(a: Message, b: Message): boolean {
  if (a.id !== null && b.id !== null) return a.id === b.id
  if (a.ref !== null && b.ref !== null) return a.ref === b.ref
  if (isNotice(a) && isNotice(b)) {
    const words = a.body.kind === 'text' && b.body.kind === 'text' && a.body.text === b.body.text
    return words && Math.abs(a.time - b.time) <= SAME_NOTICE_MS
  }
  return a.random !== 0 && a.from === b.from && a.random === b.random && a.sequence === b.sequence
}

const inOrder = (a: Message, b: Message): number => {
  // What is on its way stands last, whatever this device's clock says.
  const pending = Number(a.state !== 'stored') - Number(b.state !== 'stored')
  return pending || a.time - b.time || a.sequence - b.sequence
}

/** `messages` with `news` in its place, known ones replaced; the key of what was there stays. */
export function merge(messages: readonly Message[], news: readonly Message[]): Message[] {
  const merged = [...messages]
  const byId = new Map(merged.flatMap(({ id }, at) => (id === null ? [] : [[id, at] as const])))
  for (const message of news) {
    const known = (message.id === null ? undefined : byId.get(message.id))
      ?? merged.findIndex((other) => (other.id === null || message.id === null) && same(other, message))
    const old = known >= 0 ? merged[known] : undefined
    if (old === undefined) {
      if (message.id !== null) byId.set(message.id, merged.length)
      merged.push(message)
      continue
    }
    if (message.id !== null) byId.set(message.id, known)
    merged[known] = {
      ...message,
      key: old.key,
      id: message.id ?? old.id,
      ref: message.ref ?? old.ref,
      // The record may know only the second.
      time: Math.floor(old.time / 1000) * 1000 === message.time && old.state === 'stored' ? old.time : message.time,
      // Neither is ever taken back; an answer under way may be older than what was told meanwhile.
      isRevoked: message.isRevoked || old.isRevoked,
      isReadByPeer: message.isReadByPeer || old.isReadByPeer,
      state: old.state === 'stored' ? 'stored' : message.state,
    }
  }
  // It was kept but never answered, and the record told it before it was said again: then it is there twice.
  const kept = new Set(merged.flatMap(({ ref, state }) => (ref !== null && state === 'stored' ? [ref] : [])))
  return merged.filter(({ ref, state }) => state === 'stored' || ref === null || !kept.has(ref)).sort(inOrder)
}

/**
 * `messages` with the record of the whole talk. It stands in the order in which things were said, but may know only the
 * second: what follows in it does not come before what is known more exactly.
 */
export function mergeRecord(messages: readonly Message[], record: readonly Message[]): Message[] {
  const exact = new Map(messages.flatMap(({ id, time, state }) => (id === null || state !== 'stored' ? [] : [[id, time] as const])))
  let before = 0
  return merge(messages, record.map((message) => {
    before = Math.max(before, message.time, message.id === null ? 0 : exact.get(message.id) ?? 0)
    return { ...message, time: before }
  }))
}

export function recalled(messages: readonly Message[], id: string): Message[] {
  return messages.map((message) => (message.id === id ? { ...message, isRevoked: true } : message))
}

/** What others than `reader` said until `until` is read by them. */
export function readUntil(messages: readonly Message[], reader: string, until: number): Message[] {
  const isNews = (message: Message): boolean =>
    !message.isReadByPeer && message.state === 'stored' && message.from !== reader && !isNotice(message) && message.time <= until
  return messages.some(isNews)
    ? messages.map((message) => (isNews(message) ? { ...message, isReadByPeer: true } : message))
    : [...messages]
}

/** The peer of `me` has read what `me` said until `until`. */
export function ownReadUntil(messages: readonly Message[], me: string, until: number): Message[] {
  return messages.map((message) =>
    (message.from === me && message.state === 'stored' && message.time <= until ? { ...message, isReadByPeer: true } : message))
}

/** Until when `me` has seen everything, if the last `count` of what others said are news. */
export function seenBefore(messages: readonly Message[], me: string, count: number): number {
  const others = messages.filter((message) => message.from !== me && !isNotice(message) && !message.isRevoked)
  return others[others.length - count - 1]?.time ?? 0
}

export function failed(messages: readonly Message[], ref: string, reason: Reason): Message[] {
  return messages.map((message) => (message.ref === ref && message.state !== 'stored'
    ? { ...message, state: 'failed' as const, reason }
    : message))
}

/** What the others said and `me` has not seen. */
export function unread(messages: readonly Message[], me: string, seenUntil: number): number {
  return messages.filter((message) =>
    message.from !== me && !isNotice(message) && !message.isRevoked && message.time > seenUntil).length
}
