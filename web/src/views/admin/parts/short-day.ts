// A day in as few letters as it can be understood by: the year only where it is another one.

import { dayOf, ZONE } from '@/composables/time'
import { language } from '@/i18n'

export function shortDay(time: number, now: number, speaks: 'zh' | 'en'): string {
  const isThisYear = dayOf(time).slice(0, 4) === dayOf(now).slice(0, 4)
  const options: Intl.DateTimeFormatOptions = { timeZone: ZONE, month: 'short', day: 'numeric', ...(isThisYear ? {} : { year: 'numeric' }) }
  return new Intl.DateTimeFormat(speaks === 'en' ? 'en-GB' : 'zh-CN', options).format(time)
}

export const useShortDay = () => (time: number): string => shortDay(time, Date.now(), language())
