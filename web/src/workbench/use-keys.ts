// What the keys do, on every page.

import { onScopeDispose, ref, type Ref } from 'vue'
import { useRouter } from 'vue-router'
import { useLive } from '@/shared/stores/live'
import { nextUnanswered } from '@/shared/socket/calls'
import { keyOf } from './keys'

/** The field that searches on the page as it stands. */
const searchField = (): HTMLInputElement | null =>
  [...document.querySelectorAll<HTMLInputElement>('main .search input, main input[type=search]')].find((field) => field.checkVisibility()) ?? null
const isBehindDialog = (): boolean => [...document.querySelectorAll<HTMLElement>('[role=dialog][aria-modal=true]')].some((one) => one.checkVisibility())

export function useKeys(): { isListShown: Ref<boolean> } {
  const live = useLive()
  const router = useRouter()
  const isListShown = ref(false)

  /** To whoever waits longest for an answer, wherever one is. */
  function next(): void {
    const { params } = router.currentRoute.value
    const id = nextUnanswered(live.view.active, typeof params.id === 'string' ? params.id : null)
    if (id !== null) void router.push({ name: 'talk', params: { id } })
  }

  /** Where a page has nothing to search, the records have. */
  async function search(): Promise<void> {
    if (searchField() === null && router.hasRoute('records')) await router.push({ name: 'records' })
    searchField()?.focus()
    searchField()?.select()
  }

  function leave(target: EventTarget | null): void {
    if (!(target instanceof HTMLElement)) return
    target.blur()
    document.querySelector<HTMLElement>('[data-talk][aria-current]')?.focus()
  }

  function pressed(event: KeyboardEvent): void {
    const key = keyOf(event)
    if (key === null || isBehindDialog()) return
    if (key === 'leave') {
      leave(event.target)
      return
    }
    event.preventDefault()
    if (key === 'help') isListShown.value = true
    else if (key === 'next') next()
    else void search()
  }
  document.addEventListener('keydown', pressed)
  onScopeDispose(() => { document.removeEventListener('keydown', pressed) })
  return { isListShown }
}
