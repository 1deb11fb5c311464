// What kind of window the page is in, where a style sheet alone cannot follow it.

import { onScopeDispose, ref, type Ref } from 'vue'

/** Narrower windows show the desk in two steps: the list, then the talk. Also 150 % and more on a usual laptop. */
export const NARROW = '(max-width: 1100px)'
/** So low that every line counts: 200 % on a usual laptop. */
export const LOW = '(max-height: 480px)'

/** Whether the window is such a one, also after it changed. */
export function useMedia(query: string): Ref<boolean> {
  const matches = ref(false)
  // Tests of parts run where there is no window to measure.
  if (typeof window.matchMedia !== 'function') return matches
  const media = window.matchMedia(query)
  const look = (): void => { matches.value = media.matches }
  look()
  media.addEventListener('change', look)
  onScopeDispose(() => { media.removeEventListener('change', look) })
  return matches
}
