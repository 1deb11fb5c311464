// Conversations: opening, ending, and what is asked about one of them; and how dispatch stands.

import { result, rows } from './answer'
import { api } from './session'
import type { Adviser, Conversation, Listed, Now, Priority } from './types'

export const fetchConversation = (id: string): Promise<Conversation> =>
  result(api().GET('/conversation/{id}', { params: { path: { id } } }))

/** The caller's own as a visitor, the newest first; pages from 0. */
export const listOwnConversations = (page: number, size: number): Promise<Listed<Conversation>> =>
  rows(api().GET('/conversation/current', { params: { query: { page, size } } }))

/** `counselor`: an id, or `any`. `fallback`: whether another one may take it where this one cannot. */
export function openConversation(counselor: string, fallback: boolean): Promise<Conversation> {
  const body = counselor === 'any' ? { counselor } : { counselor, fallback }
  return result(api().PUT('/conversation', { body }))
}

export async function endConversation(id: string): Promise<void> {
  await result(api().POST('/conversation/end/{id}', { params: { path: { id } } }))
}

export async function setPriority(id: string, priority: Priority): Promise<void> {
  await result(api().POST('/conversation/priority/{id}', { params: { path: { id } }, body: { priority } }))
}

/** Asks a supervisor for help with a consultation; answers the consultation with the talk that it has now. */
export const askSupervisor = async (conversationId: string, supervisor: string): Promise<Conversation> =>
  await result(api().PUT('/conversation/supervise', { params: { query: { conversationId, supervise: supervisor } } }))

/** What a visitor thinks of a conversation. */
export async function rateConversation(conversationId: string, level: number, content: string | null): Promise<void> {
  await result(api().PUT('/evaluate', { body: { objectType: 'CONVERSATION', conversationId, level, content } }))
}

/** A counselor's note about the visitor. */
export async function noteVisitor(conversationId: string, tag: string, content: string): Promise<void> {
  await result(api().PUT('/evaluate', { body: { conversationId, objectType: 'VISITOR', tag, content } }))
}

/** Who is there, who waits, and which alarms stand in the institution. */
export const fetchNow = async (): Promise<Now> => await result(api().GET('/dispatch/now')) as Now

/** Supervisors who may be asked for help. */
export const fetchAdvisers = async (): Promise<Adviser[]> => await result(api().GET('/dispatch/supervisors')) as Adviser[]
