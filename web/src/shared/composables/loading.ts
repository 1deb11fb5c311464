// Something asked of the server, with how it stands.

import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Loaded<T> {
  data: ShallowRef<T | null>
  error: ShallowRef<unknown>
  isLoading: Ref<boolean>
  /** Asks (again). What was there stays shown meanwhile; an answer that was overtaken is dropped. */
  load: () => Promise<void>
}

export function useLoading<T>(ask: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  const isLoading = ref(false)
  let latest = 0

  async function load(): Promise<void> {
    const mine = ++latest
    isLoading.value = true
    try {
      const answered = await ask()
      if (mine !== latest) return
      data.value = answered
      error.value = null
    } catch (wrong) {
      if (mine === latest) error.value = wrong
    } finally {
      if (mine === latest) isLoading.value = false
    }
  }
  onScopeDispose(() => { latest += 1 })
  return { data, error, isLoading, load }
}
