// How many unread messages the window's title tells of.

import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

export const useBadge = defineStore('badge', () => {
  const source = shallowRef<(() => number) | null>(null)

  /** What is counted; returns the way out. */
  function count(of: () => number): () => void {
    source.value = of
    return () => { if (source.value === of) source.value = null }
  }

  return { number: computed(() => source.value?.() ?? 0), count }
})
