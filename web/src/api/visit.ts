// What visitors alone ask: to come in without WeChat and to go, who is on duty, and for a conversation of their own.

import { refused, result, rows, Unreachable, type Refusal } from './answer'
import { api, rawFetch } from './session'
import type { Conversation, Listed, OnDuty } from './types'

const TOKEN_HEADER = 'X-Auth-Token'

/** A visitor without WeChat, known by `code`. Answers the token of the session. */
export async function sandboxLogin(appid: string, code: string): Promise<string | null> {
  const response = await rawFetch(`/auth/wx/${appid}/login?code=${code}`, { method: 'POST' })
  if (!response.ok) throw new Unreachable(response.status)
  const answer = await response.json() as Refusal
  if (answer.code !== 0) throw refused(answer)
  return response.headers.get(TOKEN_HEADER)
}

/** Ends the session of the token. Only this browser knows it, and forgets it also where the server cannot be told. */
export async function endTokenSession(): Promise<void> {
  await rawFetch('/logout', { method: 'POST' }).catch(() => undefined)
}

/** The counselors on duty on the day of `timestamp`, as many as the server gives at once. */
export async function fetchOnDuty(timestamp: number): Promise<OnDuty[]> {
  const query = { type: 'COUNSELOR' as const, timestamp, page: 0, size: 200 }
  return (await rows(api().GET('/arrange/theday', { params: { query } }))).rows as OnDuty[]
}

/** The caller's own, the newest first; pages from 0. */
export const listOwnConversations = (page: number, size: number): Promise<Listed<Conversation>> =>
  rows(api().GET('/conversation/current', { params: { query: { page, size } } }))

/** `counselor`: an id, or `any`. `fallback`: whether another one may take it where this one cannot. */
export function openConversation(counselor: string, fallback: boolean): Promise<Conversation> {
  const body = counselor === 'any' ? { counselor } : { counselor, fallback }
  return result(api().PUT('/conversation', { body }))
}

/** What a visitor thinks of a conversation. */
export async function rateConversation(conversationId: string, level: number, content: string | null): Promise<void> {
  await result(api().PUT('/evaluate', { body: { objectType: 'CONVERSATION', conversationId, level, content } }))
}
