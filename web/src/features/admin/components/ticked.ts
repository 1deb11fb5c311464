// What is ticked, over several pages of a list and over a reload.

import { computed, ref, type ComputedRef, type Ref } from 'vue'

/** As many talks go into one zip. */
export const TICKED_MAX = 1000

function read(key: string): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id): id is string => typeof id === 'string') : []
  } catch {
    return []
  }
}

export interface Ticked {
  count: ComputedRef<number>
  has: (id: string) => boolean
  all: () => string[]
  /** Ticks or unticks; never more than may be exported at once. */
  set: (ids: readonly string[], isTicked: boolean) => void
  clear: () => void
}

/** `key` says whose ticks they are, and of which list. */
export function useTicked(key: Ref<string>): Ticked {
  const changes = ref(0)
  const ids = computed(() => { void changes.value; return new Set(read(key.value)) })

  function keep(now: Set<string>): void {
    sessionStorage.setItem(key.value, JSON.stringify([...now]))
    changes.value += 1
  }

  return {
    count: computed(() => ids.value.size),
    has: (id) => ids.value.has(id),
    all: () => [...ids.value],
    set(some, isTicked) {
      const now = new Set(ids.value)
      for (const id of some) {
        if (!isTicked) {
          now.delete(id)
        } else if (now.size < TICKED_MAX) {
          now.add(id)
        }
      }
      keep(now)
    },
    clear() { keep(new Set()) },
  }
}
