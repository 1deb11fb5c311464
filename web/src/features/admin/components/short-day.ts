// A day in as few letters as it can be understood by: the year only where it is another one.

import { serverNow } from '@/shared/composables/clock'
import { dayOf, formatter } from '@/shared/composables/time'
import { language } from '@/i18n'

export function shortDay(time: number, now: number, speaks: 'zh' | 'en'): string {
  const isThisYear = dayOf(time).slice(0, 4) === dayOf(now).slice(0, 4)
  return formatter({ month: 'short', day: 'numeric', ...(isThisYear ? {} : { year: 'numeric' }) }, speaks).format(time)
}

export const useShortDay = () => (time: number): string => shortDay(time, serverNow(), language())
