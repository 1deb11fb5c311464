// What was said: the record of a talk, what is unread, and what is said with a request instead of over the socket.

import { result, rows } from './answer'
import { api, rawFetch } from './session'
import type { Listed, Say, Unread, WebMessage } from './types'

/** A page of what was said in a conversation, from 0. */
export const listMessages = (conversationId: string, page: number, size: number, signal: AbortSignal): Promise<Listed<WebMessage>> =>
  rows(api().GET('/message/conversation/web', { params: { query: { conversationId, page, size } }, signal }))

/** Of the caller's talks in progress. */
export const fetchUnread = (): Promise<Unread[]> => result(api().GET('/message/unread'))

/** The key with which the caller logs in to Tencent IM. */
export const signIm = () => result(api().POST('/im/sign'))

/** All requests that outlive a page may hold so much together, says the Fetch standard. */
const OUTLIVING_BYTES_MAX = 64 * 1024 - 4096
/** The server takes no more at once. */
const OUTLIVING_WORDS_MAX = 200

/**
 * Says words with one request, so that they keep their order, that goes on when the page is gone; nobody waits for its answer.
 * Returns how many of them, from the first on, went out: the rest had no room.
 */
export function sendWithKeepalive(words: readonly Say[]): number {
  const fitting: string[] = []
  let room = OUTLIVING_BYTES_MAX
  for (const word of words.slice(0, OUTLIVING_WORDS_MAX)) {
    const text = JSON.stringify({ ...word, type: undefined })
    room -= new Blob([text]).size + 1
    if (room < 0) break
    fitting.push(text)
  }
  if (fitting.length === 0) return 0
  const headers = { 'Content-Type': 'application/json' }
  // The page is gone, or says it again over its socket.
  rawFetch('/im/say', { method: 'POST', keepalive: true, headers, body: `[${fitting.join(',')}]` }).catch(() => undefined)
  return fitting.length
}
