import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { discardTyped, saveTyped, typedAt } from '@/shared/kept/words'
import { follow, forgetAll, hasDrafts, keepFor, keeper } from './kept'

/** Keys of a storage that are there, in order. */
const keys = (storage: Storage): string[] => Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '').sort()
let leave = (): void => {}

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  discardTyped()
  for (const key of ['language', 'muted', 'visitor.token']) localStorage.setItem(`hotline.${key}`, 'x')
  localStorage.setItem('theirs', 'x')
})
afterEach(() => { leave() })

function works(): void {
  for (const key of ['sealed.draft.talk', 'sealed.note.talk', 'ticked.me.consultations', 'called', 'anything']) sessionStorage.setItem(`hotline.${key}`, 'words')
  saveTyped('draft.talk', 'words')
  for (const key of ['logged-in', 'presence.me']) localStorage.setItem(`hotline.${key}`, 'x')
}
/** What another window's log-out looks like from this one. */
function anotherLogsOut(): void {
  const mine = new Map(keys(sessionStorage).map((key) => [key, sessionStorage.getItem(key) ?? '']))
  const typed = typedAt('draft.talk')
  forgetAll()
  saveTyped('draft.talk', typed)
  sessionStorage.clear()
  for (const [key, value] of mine) sessionStorage.setItem(key, value)
}
const DEVICE = ['hotline.cleared', 'hotline.language', 'hotline.muted', 'hotline.visitor.token', 'theirs']

describe('what the browser keeps', () => {
  it('is gone after a log-out by the button, but for the device\'s own and the visitor\'s', () => {
    keepFor('me')
    works()
    forgetAll()
    expect([keys(sessionStorage), keys(localStorage)]).toEqual([['hotline.cleared'], DEVICE])
    expect([keeper(), typedAt('draft.talk'), hasDrafts()]).toEqual([null, '', false])
  })

  it('waits for the same person', () => {
    keepFor('me')
    works()
    expect(keepFor('me')).toBe(true)
    expect([typedAt('draft.talk'), hasDrafts()]).toEqual(['words', true])
  })

  it('is for nobody else', () => {
    keepFor('me')
    works()
    expect(keepFor('other')).toBe(false)
    expect(keys(sessionStorage)).toEqual(['hotline.owner'])
    expect([keys(localStorage), typedAt('draft.talk')]).toEqual([DEVICE.slice(1), ''])
  })

  it('goes in the other windows, too, at once', () => {
    const told = vi.fn()
    keepFor('me')
    works()
    leave = follow(told)
    expect(typedAt('draft.talk')).toBe('words')
    anotherLogsOut()
    window.dispatchEvent(new StorageEvent('storage', { key: 'hotline.cleared' }))
    expect([keys(sessionStorage), typedAt('draft.talk'), told.mock.calls.length]).toEqual([['hotline.cleared'], '', 1])
    window.dispatchEvent(new StorageEvent('storage', { key: 'hotline.cleared' }))
    expect(told, 'once').toHaveBeenCalledTimes(1)
  })

  it('goes in a window that was asleep or closed meanwhile, when it is opened again', () => {
    keepFor('me')
    works()
    anotherLogsOut()
    leave = follow(() => {})
    expect(keys(sessionStorage)).toEqual(['hotline.cleared'])
  })
})
