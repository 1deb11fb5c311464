// Times in the institution's zone, in the language that is spoken.

import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { serverNow } from '@/api/clock'
import { language } from '@/i18n'

/** Where the server does not say: the zone of a new institution. */
const USUAL_ZONE = 'Asia/Shanghai'
/** The zone of the institution; the server counts its days in it. */
const zone = ref(USUAL_ZONE)

/** From now on times are told in the zone of that name, if this browser knows it. */
export function tellTimesIn(name: string | null | undefined): void {
  try {
    zone.value = new Intl.DateTimeFormat('en', { timeZone: name ?? USUAL_ZONE }).resolvedOptions().timeZone
  } catch {
    zone.value = USUAL_ZONE
  }
}

const LOCALES = { zh: 'zh-CN', en: 'en-GB' }
/** Making one takes as long as hundreds of uses, and a long talk asks for the day of every message in it. */
const kept = new Map<string, Intl.DateTimeFormat>()

function inZone(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${zone.value} ${JSON.stringify(options)}`
  const known = kept.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(locale, { timeZone: zone.value, hourCycle: 'h23', ...options })
  kept.set(key, made)
  return made
}

/** Of a language that is spoken here, in the zone. */
export const formatter = (options: Intl.DateTimeFormatOptions, speaks = language()): Intl.DateTimeFormat => inZone(LOCALES[speaks], options)

/** 2021-05-17, in the zone. */
export const dayOf = (time: number): string => inZone('en-CA', {}).format(time)

/** How far the clocks there are ahead of UTC at that moment. */
function aheadOfUtc(time: number): number {
  const shown = inZone('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }).format(time)
  return Date.parse(`${shown.replace(' ', 'T')}Z`) - time
}

/** Midnight in the zone of the day written as 2021-05-17. */
export function startOfDay(day: string): number {
  const utc = Date.parse(`${day}T00:00:00Z`)
  // Clocks may change between the two midnights.
  return Number.isNaN(utc) ? utc : utc - aheadOfUtc(utc - aheadOfUtc(utc))
}

export function useTime() {
  const { t } = useI18n()

  const clock = (time: number): string => formatter({ hour: '2-digit', minute: '2-digit' }).format(time)
  const day = (time: number): string => formatter({ year: 'numeric', month: '2-digit', day: '2-digit' }).format(time)
  const full = (time: number | null): string => (time === null ? '—' : `${day(time)} ${clock(time)}`)

  /** As a person would say it: the clock today, the day before or after it. */
  function near(time: number, now = serverNow()): string {
    const days = Math.round((startOfDay(dayOf(now)) - startOfDay(dayOf(time))) / 86_400_000)
    if (days === 0) return clock(time)
    if (days === 1) return `${t('time.yesterday')} ${clock(time)}`
    if (days === -1) return `${t('time.tomorrow')} ${clock(time)}`
    const options: Intl.DateTimeFormatOptions = dayOf(now).slice(0, 4) === dayOf(time).slice(0, 4)
      ? { month: 'short', day: 'numeric' }
      : { year: 'numeric', month: 'short', day: 'numeric' }
    return `${formatter(options).format(time)} ${clock(time)}`
  }

  /** A day to come, as a person would say it. */
  function dayName(time: number, now = serverNow()): string {
    const days = Math.round((startOfDay(dayOf(time)) - startOfDay(dayOf(now))) / 86_400_000)
    const name = formatter({ month: 'short', day: 'numeric', weekday: 'short' }).format(time)
    return days === 0 ? t('time.today') : days === 1 ? `${t('time.tomorrow')} ${name}` : name
  }

  /** How long, in minutes from an hour on in hours. */
  function length(milliseconds: number | null): string {
    if (milliseconds === null) return '—'
    const [seconds, minutes] = [Math.round(milliseconds / 1000), Math.round(milliseconds / 60_000)]
    if (seconds < 60) return t('time.seconds', { n: seconds })
    return minutes < 60 ? t('time.minutes', { n: minutes }) : t('time.hours', { h: Math.floor(minutes / 60), m: minutes % 60 })
  }

  /** 12:05, from an hour on 1:02:05. */
  function stopwatch(milliseconds: number): string {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000))
    const two = (n: number): string => String(n).padStart(2, '0')
    const hours = Math.floor(seconds / 3600)
    return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  }

  return { clock, day, dayName, full, near, length, stopwatch }
}
