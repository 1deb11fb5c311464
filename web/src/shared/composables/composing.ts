// While an input method composes, Escape belongs to it: it takes back the characters being chosen and closes nothing of ours.

/** Whether a key belongs to an input method. Some browsers say so by 229 alone, after the composition has ended. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229

/**
 * Keeps such an Escape from everything on the page that closes at one: dialogs, drawers, menus, lists. Element Plus asks
 * for the key alone. The input method itself is not disturbed. Returns the way out.
 */
export function keepComposingEscape(): () => void {
  const keep = (event: KeyboardEvent): void => {
    if ((event.key === 'Escape' || event.code === 'Escape') && isComposing(event)) event.stopImmediatePropagation()
  }
  window.addEventListener('keydown', keep, { capture: true })
  window.addEventListener('keyup', keep, { capture: true })
  return () => {
    window.removeEventListener('keydown', keep, { capture: true })
    window.removeEventListener('keyup', keep, { capture: true })
  }
}
