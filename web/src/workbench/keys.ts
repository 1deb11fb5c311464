// The keys of the workbench. They are single ones, for which no system and no browser has a use, and so they are heard only
// where nobody types: Escape leaves the field.

import { ref, type Ref } from 'vue'
import { isComposing } from '@/shared/composables/composing'

/** Kept for the device: whoever speaks to it or is easily caught on a key has no use for single letters. */
const OFF = 'hotline.keys'
const areLettersOn = ref(localStorage.getItem(OFF) !== 'off')

export function useLetters(): { areOn: Readonly<Ref<boolean>>, turn: (on: boolean) => void } {
  return {
    areOn: areLettersOn,
    turn(on) {
      areLettersOn.value = on
      if (on) localStorage.removeItem(OFF)
      else localStorage.setItem(OFF, 'off')
    },
  }
}

export type Key = 'next' | 'search' | 'help' | 'leave'

const KEYS: Record<string, Key> = { n: 'next', '/': 'search', '?': 'help' }
/** As they stand in the list of keys. */
export const SHOWN: { key: Key | 'move' | 'open', caps: string[] }[] = [
  { key: 'next', caps: ['N'] },
  { key: 'search', caps: ['/'] },
  { key: 'move', caps: ['↑', '↓'] },
  { key: 'open', caps: ['Enter'] },
  { key: 'leave', caps: ['Esc'] },
  { key: 'help', caps: ['?'] },
]

/** Where letters are words. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[contenteditable=""], [contenteditable=true]') !== null) return true
  if (target instanceof HTMLInputElement) return !['button', 'checkbox', 'radio', 'submit', 'range', 'file'].includes(target.type)
  return target.matches('textarea, select, [role=combobox], [role=listbox], [role=menu], [role=menuitem]')
}

/** What a key asks for; null if it is none of ours. */
export function keyOf(event: KeyboardEvent): Key | null {
  if (event.defaultPrevented || isComposing(event) || event.ctrlKey || event.altKey || event.metaKey) return null
  if (event.key === 'Escape') return event.target instanceof HTMLTextAreaElement && event.target.closest('.composer') !== null ? 'leave' : null
  if (!areLettersOn.value || isTyping(event.target)) return null
  return KEYS[event.key.toLowerCase()] ?? null
}
