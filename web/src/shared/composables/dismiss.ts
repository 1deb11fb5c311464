// What is opened by more than its own button Element Plus does not close: a click beside it and Escape do.

import { onScopeDispose, watch, type Ref } from 'vue'
import { isComposing } from './composing'

/** Closes what is shown. `within` says what is not beside it; `after` is called once it was closed so. */
export function useDismiss(isShown: Ref<boolean>, within: string, after = (): void => {}): void {
  function close(): void {
    isShown.value = false
    after()
  }
  function clicked({ target }: Event): void {
    if (target instanceof Element && target.closest(within) === null) close()
  }
  function pressed(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !isComposing(event)) close()
  }
  function leave(): void {
    document.removeEventListener('click', clicked)
    document.removeEventListener('keydown', pressed)
  }
  watch(isShown, (shown) => {
    leave()
    if (!shown) return
    document.addEventListener('click', clicked)
    document.addEventListener('keydown', pressed)
  })
  onScopeDispose(leave)
}
