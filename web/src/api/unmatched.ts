// Messages that belong to no conversation.

import { rows } from './answer'
import { api } from './session'
import type { Listed, Unmatched } from './types'

/** Pages from 0. */
export const listUnmatched = (page: number, size: number): Promise<Listed<Unmatched>> =>
  rows(api().GET('/message/unplaced', { params: { query: { page, size } } }))
