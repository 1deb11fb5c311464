import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Say } from './types'
import { sendWithKeepalive } from './messages'

const fetched = vi.fn<typeof fetch>(() => Promise.resolve(new Response('{}')))
beforeEach(() => { vi.stubGlobal('fetch', fetched.mockClear()) })
afterEach(() => { vi.unstubAllGlobals() })

const say = (ref: string, text = ref): Say => ({ type: 'say', ref, conversation: 'c1', text })
const sent = (): { init: RequestInit | undefined, words: { ref: string }[] } => {
  const init = fetched.mock.calls[0]?.[1]
  return { init, words: JSON.parse(init?.body as string) as { ref: string }[] }
}

it('says all words that are left in their order, with one request that outlives the page', () => {
  sendWithKeepalive([say('r1', 'one'), say('r2', 'two'), { type: 'say', ref: 'r3', conversation: 'c2', image: 'p1' }])
  expect(fetched).toHaveBeenCalledOnce()
  const { init, words } = sent()
  expect([init?.method, init?.keepalive]).toEqual(['POST', true])
  expect(words).toEqual([
    { ref: 'r1', conversation: 'c1', text: 'one' }, { ref: 'r2', conversation: 'c1', text: 'two' }, { ref: 'r3', conversation: 'c2', image: 'p1' },
  ])
})

it('says the first that fit into what a browser lets outlive a page and the server takes at once', () => {
  const long = '字'.repeat(4000)
  expect(sendWithKeepalive(['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7'].map((ref) => say(ref, long)))).toBe(5)
  expect(new Blob([sent().init?.body as string]).size).toBeLessThanOrEqual(64 * 1024)
  expect(sent().words.map(({ ref }) => ref)).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'])
  fetched.mockClear()
  sendWithKeepalive(Array.from({ length: 300 }, (_, number) => say(`r${number}`)))
  expect([sent().words.length, sent().words.at(-1)?.ref]).toEqual([200, 'r199'])
})
