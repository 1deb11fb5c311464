// What the browser keeps for a visitor, and how it forgets. What was typed is kept sealed: `shared/kept/words.ts`.

import { OURS, removeFrom } from '@/shared/kept/storage'
import { discardTyped } from '@/shared/kept/words'

const VISITORS = 'hotline.visitor.'
/** Whom to call is nobody's secret, and is needed most when nothing else is left. */
const FOR_ALL = 'hotline.visitor.emergency'

/** Whatever a window keeps of talks. */
export function forgetTalks(): void {
  discardTyped()
  removeFrom(sessionStorage, (key) => key.startsWith(OURS))
}

/** Everything: whoever sits here next is somebody else. */
export function forgetAll(): void {
  forgetTalks()
  removeFrom(localStorage, (key) => key.startsWith(VISITORS) && key !== FOR_ALL)
}
