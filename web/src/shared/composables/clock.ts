// The server's clock for what a page shows: nothing here takes the time or the day from the device.

import { computed, onScopeDispose, ref, type Ref } from 'vue'
import { onCorrected, serverNow } from '@/api/clock'
import { dayOf, startOfDay } from './time'

export { serverNow }

const DAY_MS = 24 * 60 * 60 * 1000
/** A timer stands still while the machine sleeps: midnight is not waited for in one piece. */
const LOOK_MS_MAX = 30_000

/** Calls `look` when the page is seen again after it was hidden or asleep, and when the clock was corrected. */
function whenever(look: () => void): () => void {
  document.addEventListener('visibilitychange', look)
  window.addEventListener('pageshow', look)
  const leave = onCorrected(look)
  return () => {
    document.removeEventListener('visibilitychange', look)
    window.removeEventListener('pageshow', look)
    leave()
  }
}

/** The time at the server, for what counts up or down on the page. */
export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(serverNow())
  const look = (): void => { now.value = serverNow() }
  const timer = setInterval(look, everyMs)
  const leave = whenever(look)
  onScopeDispose(() => {
    clearInterval(timer)
    leave()
  })
  return now
}

const seen = ref(0)
const day = computed(() => dayOf(seen.value))
let timer: ReturnType<typeof setTimeout> | undefined

function lookAtDay(): void {
  clearTimeout(timer)
  seen.value = serverNow()
  // A day is 23 to 25 hours long: noon of the next is in it however clocks change.
  const midnight = startOfDay(dayOf(startOfDay(day.value) + 1.5 * DAY_MS))
  timer = setTimeout(lookAtDay, Math.min(LOOK_MS_MAX, Math.max(1, midnight - seen.value)))
}

/** The day at the institution, as 2021-05-17. Where it is read reactively, it turns by itself at midnight. */
export function today(): string {
  if (timer === undefined) {
    lookAtDay()
    whenever(lookAtDay)
  }
  return day.value
}
