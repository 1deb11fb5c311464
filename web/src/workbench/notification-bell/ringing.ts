// Rings for those who call: at once for a new one, then again and again while any of them stands, and ever more seldom.

import { onScopeDispose, ref, watch, type Ref } from 'vue'

/** Often at first, when somebody may just have looked away; then as often as one can bear for an hour. */
export const AGAIN_SECONDS = [15, 15, 15, 30, 60]

export interface Ringing {
  /** Rings no more for those who call now; for a new one it does. */
  hush: () => void
  isHushed: Ref<boolean>
}

/** `keys` are those to ring for; `ring` is called with the new ones, or with all when it is a repetition. */
export function useRinging(keys: () => readonly string[], ring: (keys: readonly string[], isNew: boolean) => void): Ringing {
  const hushed = new Set<string>()
  const isHushed = ref(false)
  let before = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let times = 0

  const loud = (): string[] => keys().filter((key) => !hushed.has(key))

  function wait(): void {
    clearTimeout(timer)
    const seconds = AGAIN_SECONDS[Math.min(times, AGAIN_SECONDS.length - 1)] ?? 60
    timer = setTimeout(() => {
      times += 1
      const now = loud()
      if (now.length === 0) return
      ring(now, false)
      wait()
    }, seconds * 1000)
  }

  function look(now: readonly string[]): void {
    const fresh = now.filter((key) => !before.has(key))
    before = new Set(now)
    for (const key of hushed) if (!before.has(key)) hushed.delete(key)
    isHushed.value = now.length > 0 && loud().length === 0
    if (loud().length === 0) {
      clearTimeout(timer)
    } else if (fresh.length > 0) {
      times = 0
      ring(fresh, true)
      wait()
    }
  }

  watch(() => [...keys()].join(' '), (now) => { look(now === '' ? [] : now.split(' ')) }, { immediate: true })
  onScopeDispose(() => { clearTimeout(timer) })

  return {
    hush() {
      keys().forEach((key) => hushed.add(key))
      isHushed.value = hushed.size > 0
      clearTimeout(timer)
    },
    isHushed,
  }
}

/** One of several windows of a browser rings; with nobody to ask, each does. */
export function inOneWindow(work: () => void): void {
  const HOLD_MS = 2000
  if (!('locks' in navigator)) {
    work()
    return
  }
  void navigator.locks.request('hotline.ringing', { ifAvailable: true }, async (lock) => {
    if (lock === null) return
    work()
    await new Promise((resolve) => { setTimeout(resolve, HOLD_MS) })
  })
}
