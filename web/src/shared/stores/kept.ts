// What this browser keeps of whoever works here: drafts, notes, ticks, which calls were seen, where to come back to. It
// belongs to one person. A log-out by the button clears it in all windows; after an expiry it waits for the same person,
// and goes as soon as another one logs in. What was typed is kept sealed: `shared/kept/words.ts`.

import { OURS, removeFrom } from '@/shared/kept/storage'
import { DRAFT, discardTyped, NOTE, places } from '@/shared/kept/words'

/** The device's own, and the visitor's page on the same machine: nobody's of the staff. */
const STAYS = /^hotline\.(language|muted|keys|cleared|visitor\.)/
/** Whose the things in this window are: a person's id. */
const OWNER = 'hotline.owner'
/** Changes at each log-out by the button; a window that knows an older one still holds what is to be cleared. */
const CLEARED = 'hotline.cleared'

const isToGo = (key: string): boolean => key.startsWith(OURS) && !STAYS.test(key)

function clearWindow(): void {
  discardTyped()
  removeFrom(sessionStorage, isToGo)
}

function clearAll(): void {
  clearWindow()
  removeFrom(localStorage, isToGo)
}

/** Clears this window if somebody logged out while it slept or stood elsewhere. */
function catchUp(): void {
  const now = localStorage.getItem(CLEARED)
  if (sessionStorage.getItem(CLEARED) === now) return
  if (sessionStorage.getItem(CLEARED) !== null || sessionStorage.getItem(OWNER) !== null) clearWindow()
  if (now !== null) sessionStorage.setItem(CLEARED, now)
}

/** Whose things wait in this window; null if nobody's. */
export function keeper(): string | null {
  catchUp()
  return sessionStorage.getItem(OWNER)
}

/** Whether something was written that was not sent or saved. */
export const hasDrafts = (): boolean => places(DRAFT).length > 0 || places(NOTE).length > 0

/** Somebody is here now: what another left is cleared. Whether what is kept was theirs all along, or nobody's. */
export function keepFor(person: string): boolean {
  const before = keeper()
  if (before === person) return true
  if (before !== null) clearAll()
  sessionStorage.setItem(OWNER, person)
  return before === null
}

/** A log-out by the button: nothing stays, in this window and in the others. */
export function forgetAll(): void {
  clearAll()
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
