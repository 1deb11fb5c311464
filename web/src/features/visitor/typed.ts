// What a visitor typed into a form and has not sent. When the log-in ends the form goes with everything else, for the
// moment until they are in again; what is in it must not. In memory, of one form at a time.

import { onScopeDispose } from 'vue'
import { useUnsaved } from '@/shared/composables/unsaved'
import { useVisit } from './stores/visit'

let kept: { place: string, given: string } | null = null

/** Guards `form`, and gives it what was typed at `place` before the log-in ended. Whose it is belongs to `place`. */
export function useTyped(place: string, form: object, isDirty: () => boolean): void {
  const visit = useVisit()
  const whose = `${visit.me?.id ?? ''} ${place}`
  if (kept?.place === whose) Object.assign(form, JSON.parse(kept.given))
  kept = null
  useUnsaved(isDirty)
  onScopeDispose(() => {
    if (visit.me === null && isDirty()) kept = { place: whose, given: JSON.stringify(form) }
  })
}
