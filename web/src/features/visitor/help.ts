// Help in the frame stands in visitor.html and works without this. Here it learns the institution's numbers, follows what is
// seen of the window while a keyboard is open, closes like other such lists, and can be reached past a dialog.

import type { Emergency } from '@/api/types'
import { dialled } from './numbers'

const FOCUSABLE = 'a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled]), summary, [tabindex="0"]'

const isShown = (element: HTMLElement): boolean => element.checkVisibility?.() ?? true
const focusable = (within: ParentNode): HTMLElement[] => [...within.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(isShown)

/** The numbers, as the page lists them before it knows better. */
export function listNumbers(help: Element, numbers: readonly Emergency[], nameOf: (one: Emergency) => string): void {
  const rows = numbers.map((one) => {
    const link = document.createElement('a')
    link.href = dialled(one.number)
    link.style.lineHeight = '44px'
    const number = document.createElement('b')
    number.textContent = one.number
    const name = document.createElement('bdi')
    name.textContent = nameOf(one)
    link.append(number, ' ', name)
    const row = document.createElement('li')
    row.append(link)
    return row
  })
  help.querySelector('ul')?.replaceChildren(...rows)
}

/** Closes at a press elsewhere and at Escape, which then closes nothing else. */
function closesLikeOthers(help: HTMLDetailsElement): void {
  document.addEventListener('pointerdown', ({ target }) => {
    if (help.open && !help.contains(target as Node)) help.open = false
  }, true)
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !help.open || event.isComposing) return
    event.stopPropagation()
    help.open = false
    help.querySelector('summary')?.focus()
  }, true)
}

/** A dialog keeps the focus to itself: help is the next after its last, and a screen reader is not told that nothing else is there. */
function reachedPastDialogs(help: HTMLDetailsElement): void {
  const openDialog = (): HTMLElement | undefined =>
    [...document.querySelectorAll<HTMLElement>('[role=dialog]')].filter(isShown).at(-1)

  document.addEventListener('focusout', (event) => {
    if (help.contains(event.relatedTarget as Node | null)) event.stopPropagation()
  }, true)
  document.addEventListener('keydown', (event) => {
    const dialog = event.key === 'Tab' && !event.altKey && !event.ctrlKey && !event.metaKey ? openDialog() : undefined
    if (dialog === undefined) return
    const around = [...focusable(dialog), ...focusable(help)]
    const at = around.indexOf(document.activeElement as HTMLElement)
    const next = around[(at + (event.shiftKey ? -1 : 1) + around.length) % around.length]
    // Within the dialog it is the dialog's own matter.
    const passes = help.contains(document.activeElement) || (at >= 0 && help.contains(next ?? null))
    if (!passes) return
    event.preventDefault()
    event.stopPropagation()
    next?.focus()
  }, true)
  new MutationObserver(() => {
    for (const dialog of document.querySelectorAll('[aria-modal=true]')) dialog.setAttribute('aria-modal', 'false')
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-modal'] })
}

/** Where a keyboard lies over the page instead of making it smaller, the frame and what is below it keep to what is seen. */
export function followsWhatIsSeen(seen: VisualViewport): void {
  const { style } = document.documentElement
  const look = (): void => {
    const isCovered = seen.scale < 1.01 && seen.height < window.innerHeight - 1
    if (isCovered) {
      style.setProperty('--seen-height', `${Math.round(seen.height)}px`)
    } else {
      style.removeProperty('--seen-height')
    }
    document.body.style.transform = isCovered && seen.offsetTop > 0 ? `translateY(${Math.round(seen.offsetTop)}px)` : ''
  }
  seen.addEventListener('resize', look)
  seen.addEventListener('scroll', look)
  look()
}

/** Takes care of the help of the page; null where there is none. */
export function setUpHelp(): HTMLDetailsElement | null {
  const help = document.querySelector<HTMLDetailsElement>('details.help')
  if (help === null) return null
  closesLikeOthers(help)
  reachedPastDialogs(help)
  if (window.visualViewport) followsWhatIsSeen(window.visualViewport)
  return help
}
