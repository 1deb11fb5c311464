// For tests of what happens by itself a moment later.

import { vi } from 'vitest'

/** A machine whose cores are busy with something else is no fault of the pages. */
const SOON_MS_MAX = 20_000

/** Looks until nothing is thrown any more. */
// eslint-disable-next-line no-restricted-properties -- here it has its limit
export const soon = (look: () => void | Promise<void>): Promise<void> => vi.waitFor(look, { timeout: SOON_MS_MAX })
