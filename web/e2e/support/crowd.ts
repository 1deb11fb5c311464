// Others who talk beside those a test looks at: sockets of visitors and of their counselors, in pages that show nothing. How
// much they say is bounded, and counted, so that a test knows under what load it measured.

import { md5 } from 'js-md5'
import type { Page } from 'playwright-core'
import type { Hotline } from './hotline'
import { PASSWORD } from './someone'

const APPID = 'wxdemo000000000001'
/** As many as the server lets one counselor have. */
const PLACES_MAX = 50

export interface Load {
  /** Words that were said and acknowledged. */
  said: number
  /** Questions over HTTP that were answered. */
  asked: number
  seconds: number
}

interface Busy { stop: () => Promise<{ said: number, asked: number }> }

export class Crowd {
  private begun = 0

  private constructor(private readonly counselors: Page[], private readonly visitors: Page) {}

  /** `talks` of them, shared by these counselors, all of them begun. */
  static async gathers(hotline: Hotline, usernames: string[], talks: number): Promise<Crowd> {
    const counselors: Page[] = []
    const ids: string[] = []
    for (const username of usernames) {
      const { page } = await hotline.comes(username)
      await page.goto(`${hotline.server.url}/#/login`)
      ids.push(await page.evaluate(takesMany, { username, password: md5(PASSWORD), places: PLACES_MAX }))
      counselors.push(page)
    }
    const { page } = await hotline.comes('crowd')
    await page.goto(`${hotline.server.url}/visitor`)
    await page.evaluate(gather, { appid: APPID, counselors: ids, talks })
    return new Crowd(counselors, page)
  }

  /** From now on each says something every so often, and asks for their record as often. */
  async begins(everyMs: number): Promise<void> {
    this.begun = Date.now()
    await this.visitors.evaluate(speak, everyMs)
  }

  async stops(): Promise<Load> {
    const told = await this.visitors.evaluate(() => (window as unknown as { busy: Busy }).busy.stop())
    const seconds = (Date.now() - this.begun) / 1000
    for (const page of this.counselors) await page.goto('about:blank')
    return { ...told, seconds }
  }
}

// What follows runs in the pages.

/** Logs in, takes as many as there are, and hears them. Returns whose id it is. */
async function takesMany({ username, password, places }: { username: string, password: string, places: number }): Promise<string> {
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  await post('/auth/login', { username, password })
  await post('/user/maxconsults', { maxConsults: places })
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/workbench/ws`)
  await new Promise((resolve) => { socket.onmessage = resolve })
  const { result } = await (await fetch('/auth/me')).json() as { result: { id: string } }
  return result.id
}

interface Voice { socket: WebSocket, token: string, conversation: string }

async function gather({ appid, counselors, talks }: { appid: string, counselors: string[], talks: number }): Promise<void> {
  const come = async (at: number): Promise<Voice> => {
    const entered = await fetch(`/auth/wx/${appid}/login?code=crowd${at}`, { method: 'POST', credentials: 'omit' })
    const token = entered.headers.get('X-Auth-Token') ?? ''
    const opened = await fetch('/conversation', {
      method: 'PUT', credentials: 'omit', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({ counselor: counselors[at % counselors.length] }),
    })
    const { result } = await opened.json() as { result: { id: string, status: string } }
    if (result.status !== 'IN_PROGRESS') throw new Error(`A talk of the crowd is ${result.status}.`)
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/visitor/ws`)
    await new Promise((resolve) => {
      socket.onopen = () => { socket.send(JSON.stringify({ type: 'auth', token })) }
      socket.onmessage = resolve
    })
    return { socket, token, conversation: result.id }
  }
  const voices: Voice[] = []
  for (let at = 0; at < talks; at += 1) voices.push(await come(at))
  Object.assign(window, { voices })
}

function speak(everyMs: number): void {
  const { voices } = window as unknown as { voices: Voice[] }
  let [said, asked, goesOn] = [0, 0, true]
  const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })
  const one = async ({ socket, token, conversation }: Voice, at: number): Promise<void> => {
    socket.onmessage = ({ data }) => { if (String(data).startsWith('{"type":"said"')) said += 1 }
    // Not all at once.
    await pause(everyMs * at / voices.length)
    for (let n = 0; goesOn; n += 1) {
      const until = Date.now() + everyMs
      socket.send(JSON.stringify({ type: 'say', ref: `${conversation}${n}`, conversation, text: `人群里的第 ${n} 句话` }))
      const answer = await fetch(`/message/conversation/web?conversationId=${conversation}&page=0&size=20`, {
        credentials: 'omit', headers: { Authorization: `Bearer ${token}` },
      })
      if (answer.ok) asked += 1
      await answer.arrayBuffer()
      await pause(Math.max(0, until - Date.now()))
    }
  }
  const all = Promise.all(voices.map(one))
  Object.assign(window, {
    busy: {
      stop: async () => {
        goesOn = false
        await all
        return { said, asked }
      },
    },
  })
}
