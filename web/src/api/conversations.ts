// What staff ask about a conversation, and how dispatch stands.

import { result } from './answer'
import { api } from './session'
import type { Adviser, Conversation, Now, Priority } from './types'

export async function setPriority(id: string, priority: Priority): Promise<void> {
  await result(api().POST('/conversation/priority/{id}', { params: { path: { id } }, body: { priority } }))
}

/** Asks a supervisor for help with a consultation; answers the consultation with the talk that it has now. */
export const askSupervisor = async (conversationId: string, supervisor: string): Promise<Conversation> =>
  await result(api().PUT('/conversation/supervise', { params: { query: { conversationId, supervise: supervisor } } }))

/** A counselor's note about the visitor. */
export async function noteVisitor(conversationId: string, tag: string, content: string): Promise<void> {
  await result(api().PUT('/evaluate', { body: { conversationId, objectType: 'VISITOR', tag, content } }))
}

/** Who is there, who waits, and which alarms stand in the institution. */
export const fetchNow = async (): Promise<Now> => await result(api().GET('/dispatch/now')) as Now

/** Supervisors who may be asked for help. */
export const fetchAdvisers = async (): Promise<Adviser[]> => await result(api().GET('/dispatch/supervisors')) as Adviser[]
