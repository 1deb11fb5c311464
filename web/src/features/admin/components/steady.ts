// Something that is asked again when news come, but never more often than every so many milliseconds.

import { onScopeDispose } from 'vue'

/** Calls `act` at once, or as soon as `everyMs` have gone by since the last time. Stops with the component. */
export function useSteady(act: () => unknown, everyMs: number): () => void {
  let last = -Infinity
  let timer: ReturnType<typeof setTimeout> | undefined
  function run(): void {
    timer = undefined
    last = performance.now()
    act()
  }
  onScopeDispose(() => { clearTimeout(timer) })
  return () => {
    if (timer !== undefined) return
    const rest = last + everyMs - performance.now()
    if (rest <= 0) {
      run()
    } else {
      timer = setTimeout(run, rest)
    }
  }
}
