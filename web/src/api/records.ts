// Records of conversations: the list of them, and their deletion.

import { result, rows } from './answer'
import type { Query } from './client'
import { api } from './session'
import type { Conversation, Listed } from './types'

export type RecordQuery = Query<'/conversation/consultlist'>

/** Of whom, the server decides by who asks; pages from 0. */
export const listRecords = (query: RecordQuery): Promise<Listed<Conversation>> =>
  rows(api().GET('/conversation/consultlist', { params: { query } }))

export async function deleteRecord(id: string): Promise<void> {
  await result(api().DELETE('/conversation/{id}', { params: { path: { id } } }))
}
