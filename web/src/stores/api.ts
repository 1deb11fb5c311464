// The page's way to the server; the two pages differ in who is logged in and how.

import { shallowRef } from 'vue'
import { BASE, makeClient, makeFetch, type Api, type ClientOptions } from '@/api/client'
import { result } from '@/api/answer'
import type { Say } from '@/im/embedded'

const options = shallowRef<ClientOptions>({ onNoSession: () => {} })

/** Called once by each page before anything is asked. */
export function useSession(chosen: ClientOptions): void {
  options.value = chosen
}

const reached: ClientOptions = {
  token: undefined,
  onNoSession: () => { options.value.onNoSession() },
}

/** `result(api().GET('/auth/me'))`. */
export function api(): Api {
  return makeClient({ ...reached, token: options.value.token })
}

/** What is no JSON: pictures, downloads. Paths are relative to the server. */
export async function rawFetch(path: string, init?: RequestInit): Promise<Response> {
  return makeFetch({ ...reached, token: options.value.token })(`${BASE}${path}`, init)
}

/** A phone far from anywhere may need a while for five megabytes. */
const UPLOAD_MS_MAX = 120_000

/** Puts a picture into a talk; answers its id. */
export async function uploadImage(conversation: string, image: Blob): Promise<string> {
  const call = rawFetch(`/im/image?conversation=${conversation}`, {
    method: 'POST', body: image, signal: AbortSignal.timeout(UPLOAD_MS_MAX),
  })
  const answered = call.then(async (response) => ({
    data: response.ok ? await response.json() as { code: 0, result: { id: string } } : undefined,
    response,
  }))
  return (await result(answered)).id
}

/** All requests that outlive a page may hold so much together, says the Fetch standard. */
const OUTLIVING_BYTES_MAX = 64 * 1024 - 4096
/** The server takes no more at once. */
const OUTLIVING_WORDS_MAX = 200

/**
 * Says words with one request, so that they keep their order, that goes on when the page is gone; nobody waits for its answer.
 * Returns how many of them, from the first on, went out: the rest had no room.
 */
export function sayOutliving(words: readonly Say[]): number {
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

/** Whether pictures of ours can be shown by their address alone. */
export const hasCookie = (): boolean => options.value.token === undefined
