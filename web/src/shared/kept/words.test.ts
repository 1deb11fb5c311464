import { beforeEach, describe, expect, it, vi } from 'vitest'
import { keysOf } from './storage'

const LINS = btoa('l'.repeat(32))
const CHENS = btoa('c'.repeat(32))
const WORDS = '我最近总是睡不着觉'
const PLACE = 'draft.talk'
const COPY = `hotline.sealed.${PLACE}`

type Module = typeof import('./words')
/** The page is opened anew: what is in memory is gone, what is in the storage is not. */
async function opened(): Promise<Module> {
  vi.resetModules()
  return import('./words')
}
const copied = (): Promise<void> => expect.poll(() => sessionStorage.getItem(COPY)).not.toBeNull()
/** Everything that the browser writes to its disk. */
const stored = (): string => [localStorage, sessionStorage].flatMap((storage) => keysOf(storage).map((key) => `${key}=${storage.getItem(key) ?? ''}`)).join('\n')

let words: Module
beforeEach(async () => {
  vi.unstubAllGlobals()
  localStorage.clear()
  sessionStorage.clear()
  words = await opened()
})

describe('what was typed', () => {
  it('is there again after a reload, for the same person, and never in clear in the storage', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    expect(words.typedAt(PLACE)).toBe(WORDS)
    await copied()
    expect(stored()).not.toContain(WORDS)
    expect(stored()).not.toContain(LINS)
    words = await opened()
    expect(words.typedAt(PLACE), 'before anybody is logged in').toBe('')
    await words.unlock('lin', LINS)
    expect(words.typedAt(PLACE)).toBe(WORDS)
  })

  it('looks different each time it is sealed', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    await copied()
    const before = sessionStorage.getItem(COPY)
    words.saveTyped(PLACE, '')
    words.saveTyped(PLACE, WORDS)
    await copied()
    expect(sessionStorage.getItem(COPY)).not.toBe(before)
  })

  it('waits for the same person after an expiry, not in clear either', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    // At once: the copy is still being made.
    words.lock()
    await copied()
    await expect.poll(() => words.typedAt(PLACE)).toBe('')
    await words.unlock('lin', LINS)
    expect(words.typedAt(PLACE)).toBe(WORDS)
  })

  it('is nobody else\'s, in the same page or after a reload, and goes without a word', async () => {
    const told = vi.spyOn(console, 'debug').mockImplementation(() => {})
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    await copied()
    const left = sessionStorage.getItem(COPY) ?? ''
    await words.unlock('chen', CHENS)
    expect([words.typedAt(PLACE), keysOf(sessionStorage)]).toEqual(['', []])
    sessionStorage.setItem(COPY, left)
    words = await opened()
    await words.unlock('chen', CHENS)
    expect([words.typedAt(PLACE), keysOf(sessionStorage), told.mock.calls.length]).toEqual(['', [], 1])
    told.mockRestore()
  })

  it('opens only where it was typed, and only as it was sealed', async () => {
    vi.spyOn(console, 'debug').mockImplementation(() => {})
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    await copied()
    const text = sessionStorage.getItem(COPY) ?? ''
    sessionStorage.clear()
    for (const [place, copy] of [['elsewhere', text], ['cut', text.slice(0, 12)], ['clear', WORDS], ['empty', '']] as const) {
      sessionStorage.setItem(`hotline.sealed.draft.${place}`, copy)
    }
    words = await opened()
    await words.unlock('lin', LINS)
    expect([words.places('draft.'), keysOf(sessionStorage)]).toEqual([[], []])
  })

  it('wins over what was there before if it is typed while that is opened', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, 'old')
    await copied()
    const old = sessionStorage.getItem(COPY)
    words = await opened()
    const unlocked = words.unlock('lin', LINS)
    words.saveTyped(PLACE, 'new')
    await unlocked
    expect(words.typedAt(PLACE)).toBe('new')
    await expect.poll(() => sessionStorage.getItem(COPY)).not.toBe(old)
    words = await opened()
    await words.unlock('lin', LINS)
    expect(words.typedAt(PLACE)).toBe('new')
  })

  it('is kept as it stands last, however fast it is typed', async () => {
    await words.unlock('lin', LINS)
    for (let n = 1; n <= WORDS.length; n += 1) words.saveTyped(PLACE, WORDS.slice(0, n))
    await copied()
    words = await opened()
    await words.unlock('lin', LINS)
    expect(words.typedAt(PLACE)).toBe(WORDS)
  })

  it('does not come back once it was forgotten, whatever was under way', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    words.discardTyped()
    words.saveTyped('note.talk', WORDS)
    words.forgetDraft('another')
    await expect.poll(() => keysOf(sessionStorage)).toEqual(['hotline.sealed.note.talk'])
    expect([words.typedAt(PLACE), words.places('note.')]).toEqual(['', ['note.talk']])
  })

  it('is in memory alone where a browser can seal nothing, and waits there for the same person', async () => {
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes })
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, WORDS)
    words.lock()
    await words.unlock('lin', LINS)
    expect([words.typedAt(PLACE), keysOf(sessionStorage)]).toEqual([WORDS, []])
    await words.unlock('chen', CHENS)
    expect(words.typedAt(PLACE)).toBe('')
  })

  it('stays in memory where the storage has no room, and an old copy goes', async () => {
    await words.unlock('lin', LINS)
    words.saveTyped(PLACE, 'old')
    await copied()
    const full = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => { throw new DOMException('full', 'QuotaExceededError') })
    words.saveTyped(PLACE, WORDS)
    await expect.poll(() => sessionStorage.getItem(COPY)).toBeNull()
    full.mockRestore()
    words.lock()
    expect(words.typedAt(PLACE)).toBe(WORDS)
  })
})
