// What somebody typed and did not save is not thrown away without a question: not by Escape, not by a click beside the
// dialog, not by going to another page, not by closing the window.

import { ElMessageBox } from 'element-plus'
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue'
import { translate } from '@/i18n'

interface Form {
  isDirty: () => boolean
  /** It is found again on the page it belongs to, as long as the window lives: only closing the window loses it. */
  isKept: boolean
}

/** Every form on the page that may hold something. */
const forms = new Set<Form>()
let asked: Promise<boolean> | null = null

/** Whether something typed would be lost; with `withKept` also what is found again while the window lives. */
export const hasUnsaved = (withKept = false): boolean => [...forms].some(({ isDirty, isKept }) => (withKept || !isKept) && isDirty())

/** Asks whether what was typed may be thrown away; one question at a time. */
export function askToDiscard(): Promise<boolean> {
  asked ??= ElMessageBox.confirm(translate('unsaved.text'), translate('unsaved.title'), {
    confirmButtonText: translate('unsaved.discard'), cancelButtonText: translate('unsaved.stay'), type: 'warning',
    // Nobody throws anything away with a careless Enter.
    autofocus: false,
  }).then(() => true, () => false).finally(() => { asked = null })
  return asked
}

/** For the router: whether the page may be left. */
export const mayLeavePage = async (): Promise<boolean> => !hasUnsaved() || askToDiscard()

function closing(event: BeforeUnloadEvent): void {
  if (hasUnsaved(true)) event.preventDefault()
}

export interface Unsaved {
  /** Whether the form may be closed; asks if it holds something. */
  mayClose: () => Promise<boolean>
  /** For `before-close` of dialogs and drawers. */
  beforeClose: (done: () => void) => void
}

/** Guards a form as long as its component lives. */
export function useUnsaved(isDirty: () => boolean, { isKept = false } = {}): Unsaved {
  const form: Form = { isDirty, isKept }
  if (forms.size === 0) window.addEventListener('beforeunload', closing)
  forms.add(form)
  onScopeDispose(() => {
    forms.delete(form)
    if (forms.size === 0) window.removeEventListener('beforeunload', closing)
  })
  const mayClose = async (): Promise<boolean> => !isDirty() || askToDiscard()
  return {
    mayClose,
    beforeClose(done) {
      void mayClose().then((may) => { if (may) done() })
    },
  }
}

/** Whether what `read` returns differs from what it returned at the last `settle`, which is called when a form is opened. */
export function useChanged(read: () => unknown): { isChanged: ComputedRef<boolean>, settle: () => void } {
  const now = (): string => JSON.stringify(read())
  const before = ref(now())
  return {
    isChanged: computed(() => now() !== before.value),
    settle() { before.value = now() },
  }
}
