// What visitors and staff ask alike: who they are, and one of their conversations.

import { result } from './answer'
import { api } from './session'
import type { Conversation, Me } from './types'

/** Fields of a person as a form has them: what is absent stays, what is empty is cleared. */
export type Profile = Record<string, string | number>

export const fetchMe = (): Promise<Me> => result(api().GET('/auth/me'))

export async function updateOwnProfile(changes: Profile): Promise<void> {
  await result(api().POST('/user/update', { body: changes }))
}

export const fetchConversation = (id: string): Promise<Conversation> =>
  result(api().GET('/conversation/{id}', { params: { path: { id } } }))

export async function endConversation(id: string): Promise<void> {
  await result(api().POST('/conversation/end/{id}', { params: { path: { id } } }))
}
