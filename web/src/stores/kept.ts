// What this browser keeps of whoever works here: drafts, notes, ticks, which calls were seen, where to come back to. It
// belongs to one person. A log-out by the button clears it in all windows; after an expiry it waits for the same person,
// and goes as soon as another one logs in.

/** Everything of ours begins so; what is added later is cleared, too. */
const OURS = 'hotline.'
/** The device's own, and the visitor's page on the same machine: nobody's of the staff. */
const STAYS = /^hotline\.(language|muted|cleared|visitor\.)/
/** Whose the things in this window are: a person's id. */
const OWNER = 'hotline.owner'
/** Changes at each log-out by the button; a window that knows an older one still holds what is to be cleared. */
const CLEARED = 'hotline.cleared'

function clear(storage: Storage): void {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '')
  for (const key of keys) if (key.startsWith(OURS) && !STAYS.test(key)) storage.removeItem(key)
}

/** Clears this window if somebody logged out while it slept or stood elsewhere. */
function catchUp(): void {
  const now = localStorage.getItem(CLEARED)
  if (sessionStorage.getItem(CLEARED) === now) return
  if (sessionStorage.getItem(CLEARED) !== null || sessionStorage.getItem(OWNER) !== null) clear(sessionStorage)
  if (now !== null) sessionStorage.setItem(CLEARED, now)
}

/** Whose things wait in this window; null if nobody's. */
export function keeper(): string | null {
  catchUp()
  return sessionStorage.getItem(OWNER)
}

/** Whether something was written that was not sent or saved. */
export const hasDrafts = (): boolean =>
  Array.from({ length: sessionStorage.length }, (_, at) => sessionStorage.key(at) ?? '').some((key) => /^hotline\.(draft|note)\./.test(key))

/** What was begun in a talk that is over: nobody can send it any more. */
export function forgetDraft(conversation: string): void {
  sessionStorage.removeItem(`hotline.draft.${conversation}`)
}

/** Somebody is here now: what another left is cleared. Whether what is kept was theirs all along, or nobody's. */
export function keepFor(person: string): boolean {
  const before = keeper()
  if (before === person) return true
  if (before !== null) {
    clear(sessionStorage)
    clear(localStorage)
  }
  sessionStorage.setItem(OWNER, person)
  return before === null
}

/** A log-out by the button: nothing stays, in this window and in the others. */
export function forgetAll(): void {
  clear(sessionStorage)
  clear(localStorage)
  const mark = String(Date.now()) + String(Math.random())
  localStorage.setItem(CLEARED, mark)
  sessionStorage.setItem(CLEARED, mark)
}

/** Follows the log-outs of other windows, also those missed while this one was asleep. Returns the way out. */
export function follow(onCleared: () => void): () => void {
  const look = (): void => {
    if (sessionStorage.getItem(CLEARED) === localStorage.getItem(CLEARED)) return
    catchUp()
    onCleared()
  }
  const heard = ({ key }: StorageEvent): void => { if (key === CLEARED || key === null) look() }
  catchUp()
  window.addEventListener('storage', heard)
  window.addEventListener('pageshow', look)
  document.addEventListener('visibilitychange', look)
  return () => {
    window.removeEventListener('storage', heard)
    window.removeEventListener('pageshow', look)
    document.removeEventListener('visibilitychange', look)
  }
}
