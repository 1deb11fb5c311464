// A clock for what counts up or down on the page.

import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue'
import { atServer } from '@/api/clock'

export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => { now.value = Date.now() }, everyMs)
  onScopeDispose(() => { clearInterval(timer) })
  return now
}

/** The server's clock, for what it says when something was. */
export function useServerNow(everyMs = 1000): ComputedRef<number> {
  const now = useNow(everyMs)
  return computed(() => atServer(now.value))
}
