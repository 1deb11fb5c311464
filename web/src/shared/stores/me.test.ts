import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { discardTyped, saveTyped, typedAt } from '@/shared/kept/words'
import { soon } from '@/testing/soon'
import { useSession } from '@/api/session'
import { useMe } from './me'

const CONFIG = { im: { mode: 'embedded', sdkAppId: 1, imageBytesMax: 1, textCharactersMax: 1 }, timeZone: null }
let sockets: FakeSocket[]
/** Who has the cookie; nobody: the 403. */
let cookie: string | null
let isConfigGone: boolean
/** What a log-out is answered with; null: as it should be. */
let logOutFails: { status: number } | 'no network' | null

class FakeSocket {
  static OPEN = 1
  readyState = 1
  onmessage?: (event: { data: string }) => void
  onclose?: (event: { code: number, reason: string }) => void
  constructor(readonly url: string) { sockets.push(this) }

  send(): void {}
  close(): void {}
  hears(frame: unknown): void { this.onmessage?.({ data: JSON.stringify(frame) }) }
  closes(code: number, reason = ''): void { this.onclose?.({ code, reason }) }
}
const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve) })
const answers = (result: unknown): Response => new Response(JSON.stringify({ code: 0, message: 'OK', result }))
const last = (): FakeSocket => sockets.at(-1) as FakeSocket
const snapshot = (some: object = {}): object => ({
  type: 'snapshot', cursor: 1, presence: 'online', onShift: true, maxConsults: 3, active: [], waiting: [], common: { waiting: 0 },
  unansweredSince: {}, alarms: [], ...some,
})

beforeEach(() => {
  setActivePinia(createPinia())
  localStorage.clear()
  sessionStorage.clear()
  discardTyped()
  sockets = []
  cookie = null
  logOutFails = null
  isConfigGone = false
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', async (asked: Request | string) => {
    const path = new URL(typeof asked === 'string' ? asked : asked.url).pathname
    if (path === '/auth/login') {
      cookie = (await (asked as Request).json() as { username: string }).username
      return answers('ok')
    }
    if (path === '/logout' && logOutFails !== null) {
      if (logOutFails === 'no network') throw new TypeError('Failed to fetch')
      return new Response('{}', logOutFails)
    }
    if (path === '/logout') {
      cookie = null
      // As the server does it: the sockets hear it before the answer is there.
      last().closes(4003, 'logged out')
      return answers('ok')
    }
    if (path === '/config') return isConfigGone ? new Response('', { status: 503 }) : answers(CONFIG)
    return cookie === null ? new Response('{}', { status: 403 }) : answers({ id: cookie, username: cookie, name: null, type: 'COUNSELOR', draftKey: btoa(cookie.padEnd(32)) })
  })
  useSession({ onNoSession: () => { useMe().lost() } })
})

async function logsIn(username: string): Promise<ReturnType<typeof useMe>> {
  const me = useMe()
  await me.logIn(username, 'password')
  last().hears(snapshot())
  return me
}

describe('a log-in that ends', () => {
  it('by the button says nothing about why, and leaves nothing behind', async () => {
    const me = await logsIn('lin')
    saveTyped('draft.talk', 'words')
    await me.logOut()
    expect([me.me, me.ending, typedAt('draft.talk')]).toEqual([null, null, ''])
  })

  it.each([{ status: 500 }, { status: 503 }, { status: 403 }, 'no network' as const])('is not claimed where the server did not end it: %s', async (fails) => {
    const me = await logsIn('lin')
    saveTyped('draft.talk', 'words')
    logOutFails = fails
    await expect(me.logOut()).rejects.toMatchObject({ name: 'Unreachable', status: fails === 'no network' ? null : fails.status })
    expect([me.me?.id, typedAt('draft.talk')]).toEqual(['lin', 'words'])
    logOutFails = null
    await me.logOut()
    expect([me.me, typedAt('draft.talk')]).toEqual([null, ''])
  })

  it('by the button has ended where there was none left to end', async () => {
    const me = await logsIn('lin')
    saveTyped('draft.talk', 'words')
    cookie = null
    logOutFails = { status: 403 }
    await me.logOut()
    expect([me.me, me.ending, typedAt('draft.talk')]).toEqual([null, null, ''])
  })

  it('by itself has expired, and what was written waits for the same person', async () => {
    const me = await logsIn('lin')
    saveTyped('draft.talk', 'words')
    cookie = null
    last().closes(4003, 'logged out')
    expect([me.me, me.ending]).toEqual([null, 'expired'])
    await logsIn('lin')
    expect([me.isSame, me.ending, typedAt('draft.talk')]).toEqual([true, null, 'words'])
  })

  it('leaves nothing to another person, not even the way back', async () => {
    const me = await logsIn('lin')
    saveTyped('draft.talk', 'words')
    last().closes(4003, 'logged out')
    await logsIn('chen')
    expect([me.isSame, typedAt('draft.talk')]).toEqual([false, ''])
  })

  it('says that the account is gone, as the socket told before it closed', async () => {
    const me = await logsIn('lin')
    last().hears({ type: 'event', seq: 2, time: 1, event: 'expelled', person: 'lin' })
    last().closes(4003, 'logged out')
    expect(me.ending).toBe('banned')
  })

  it('says that the password was set by another', async () => {
    const me = await logsIn('lin')
    last().closes(4003, 'password changed')
    expect(me.ending).toBe('password')
  })

  it('says that the password was changed at another machine, when the socket is not let in any more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const me = await logsIn('lin')
    cookie = null
    last().closes(1012, 'password changed')
    vi.advanceTimersByTime(1000)
    // A refused handshake says nothing to a page.
    last().closes(1006)
    vi.useRealTimers()
    await soon(() => { expect(me.ending).toBe('password') })
  })

  it('does not end because the network is gone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const me = await logsIn('lin')
    for (let n = 0; n < 3; n += 1) {
      last().closes(1006)
      vi.advanceTimersByTime(5000)
    }
    vi.useRealTimers()
    await settled()
    expect(me.me?.id).toBe('lin')
  })

  it('in another window is told as such, also when the server was quicker', async () => {
    const me = await logsIn('lin')
    last().closes(4003, 'logged out')
    me.cleared()
    expect(me.ending).toBe('elsewhere')
  })

  it('ends here, too, once another person has logged in in another window', async () => {
    const me = await logsIn('lin')
    me.look()
    expect(me.me?.id).toBe('lin')
    localStorage.setItem('hotline.logged-in', 'chen')
    me.look()
    expect([me.me, me.ending]).toEqual([null, 'elsewhere'])
  })

  it('is told to whoever opens the page again later', async () => {
    localStorage.setItem('hotline.logged-in', 'lin')
    const me = useMe()
    await me.load()
    expect([me.me, me.ending]).toEqual([null, 'expired'])
  })
})

describe('whoever opens the page', () => {
  it('is not half in while the server answers only half', async () => {
    localStorage.setItem('hotline.logged-in', 'lin')
    cookie = 'lin'
    isConfigGone = true
    const me = useMe()
    await expect(me.load()).rejects.toMatchObject({ name: 'Unreachable' })
    expect([me.me, me.role, sockets.length]).toEqual([null, null, 0])
    isConfigGone = false
    await me.load()
    expect([me.me?.id, sockets.length]).toEqual(['lin', 1])
  })
})

describe('presence', () => {
  it('is the person\'s: what any window hears is what every window says after a break', async () => {
    await logsIn('lin')
    const chosen = (): string | null => new URL(last().url).searchParams.get('presence')
    expect(chosen(), 'nothing was chosen').toBeNull()
    last().hears({ type: 'presence', presence: 'away' })
    expect(localStorage.getItem('hotline.presence.lin')).toBe('away')
    // Another window hears of a change that this one, asleep, never did.
    localStorage.setItem('hotline.presence.lin', 'busy')
    setActivePinia(createPinia())
    await useMe().load()
    await settled()
    expect(chosen()).toBe('busy')
  })

  it('is as the server says when the connection is back', async () => {
    await logsIn('lin')
    const { useLive } = await import('./live')
    last().hears({ type: 'resumed', cursor: 5, presence: 'busy' })
    expect(useLive().view.presence).toBe('busy')
    expect(localStorage.getItem('hotline.presence.lin')).toBe('busy')
  })
})
