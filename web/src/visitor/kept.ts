// What the browser keeps for a visitor, and how it forgets.

const OURS = 'hotline.'
const VISITORS = 'hotline.visitor.'
/** Whom to call is nobody's secret, and is needed most when nothing else is left. */
const FOR_ALL = 'hotline.visitor.emergency'
const DRAFT = 'hotline.draft.'

function forget(storage: Storage, isToGo: (key: string) => boolean): void {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '')
  keys.filter(isToGo).forEach((key) => { storage.removeItem(key) })
}

/** What was begun and not said in a talk that is over. */
export function forgetDraft(conversation: string): void {
  sessionStorage.removeItem(DRAFT + conversation)
}

/** Whatever a window keeps of talks. */
export function forgetTalks(): void {
  forget(sessionStorage, (key) => key.startsWith(OURS))
}

/** Everything: whoever sits here next is somebody else. */
export function forgetAll(): void {
  forgetTalks()
  forget(localStorage, (key) => key.startsWith(VISITORS) && key !== FOR_ALL)
}
