// How the pages ask the server. Staff by the session's cookie, the visitor by a token: see `makeClient`.

import createClient, { type Client, type Middleware } from 'openapi-fetch'
import { NoSession } from './answer'
import { BASE } from './base'
import { language } from '@/i18n'
import { syncByAnswer, passed } from './clock'
import type { paths } from './schema'

export type Api = Client<paths>
/** What may stand in the query of a GET. */
export type Query<Path extends keyof paths>
  = paths[Path] extends { get: { parameters: { query?: infer Asked } } } ? NonNullable<Asked> : never

/** An answer that takes longer is none. */
const ASK_MS_MAX = 20_000

export interface ClientOptions {
  /** A Bearer token instead of the cookie; asked anew for every request. */
  token?: () => string | null
  /** Called at every 403 that is about the log-in of now, before the error is thrown. */
  onNoSession: () => void
}

/** Ends after `ms`, or earlier with `own`: `AbortSignal.any`, which phones of two years ago do not have. */
function within(ms: number, own?: AbortSignal): AbortSignal {
  const ending = new AbortController()
  const end = (): void => { ending.abort() }
  AbortSignal.timeout(ms).addEventListener('abort', end)
  own?.addEventListener('abort', end)
  return ending.signal
}

/** Fetch as whoever is logged in: with the cookie, or with the token alone. What is refused is said in the page's language. */
export function makeFetch(options: ClientOptions): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const token = options.token?.()
    const headers = new Headers(input instanceof Request ? input.headers : undefined)
    new Headers(init?.headers).forEach((value, name) => { headers.set(name, value) })
    headers.set('Accept-Language', language())
    if (token) headers.set('Authorization', `Bearer ${token}`)
    const signal = init?.signal ?? within(ASK_MS_MAX, input instanceof Request ? input.signal : undefined)
    const credentials = options.token ? 'omit' : 'same-origin'
    const asked = passed()
    const response = await fetch(input, { ...init, headers, credentials, signal, redirect: 'manual' })
    syncByAnswer(response.headers, asked)
    // What was asked with an older token says nothing about the one that is there by now.
    if (response.status === 403 && options.token?.() === token) options.onNoSession()
    return response
  }
}

export function makeClient(options: ClientOptions): Api {
  const client = createClient<paths>({ baseUrl: BASE, fetch: makeFetch(options) })
  client.use(no403)
  return client
}

// The document's 403 has another shape than its answers; callers need not know.
const no403: Middleware = {
  onResponse({ response }) {
    if (response.status !== 403) return
    // What nobody reads would keep the connection until the question's time is over.
    void response.body?.cancel()
    throw new NoSession()
  },
}
