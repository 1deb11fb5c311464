// Whether the page is being printed: then it shows everything, also what a window has no room for.

import { onScopeDispose, ref, type Ref } from 'vue'

export function usePrinting(): Ref<boolean> {
  const paper = window.matchMedia('print')
  const isPrinting = ref(paper.matches)
  const look = (): void => { isPrinting.value = paper.matches }
  const begin = (): void => { isPrinting.value = true }
  const end = (): void => { isPrinting.value = false }
  paper.addEventListener('change', look)
  window.addEventListener('beforeprint', begin)
  window.addEventListener('afterprint', end)
  onScopeDispose(() => {
    paper.removeEventListener('change', look)
    window.removeEventListener('beforeprint', begin)
    window.removeEventListener('afterprint', end)
  })
  return isPrinting
}
