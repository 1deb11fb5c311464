// Who is on duty, as a visitor sees it.

import type { OnDuty } from '@/api/types'

const RANK: Record<string, number> = { online: 0, busy: 1, away: 2, offline: 3 }

/** Whether a talk could begin at once. */
export const isFree = ({ state, active, maxConsults, waiting }: OnDuty): boolean =>
  state === 'online' && active < maxConsults && waiting === 0

/** Who has time first, then those one knows, then the better rated. */
export function inOrder(duty: readonly OnDuty[]): OnDuty[] {
  const rank = (one: OnDuty): number => (isFree(one) ? -1 : RANK[one.state] ?? 4)
  return [...duty].sort((a, b) => rank(a) - rank(b) || Number(b.consulted ?? false) - Number(a.consulted ?? false)
    || (b.rating ?? 0) - (a.rating ?? 0) || a.waiting - b.waiting)
}
