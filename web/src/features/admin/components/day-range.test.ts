import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { tellTimesIn } from '@/shared/composables/time'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import DayRange from './day-range.vue'

enableAutoUnmount(afterEach)
afterEach(() => { tellTimesIn(null) })

// A whole day apart: one of them is another day than this device's.
it.each(['Pacific/Kiritimati', 'Pacific/Niue'])('opens at the day and the month of an institution in %s, and marks that day', (zone) => {
  tellTimesIn(zone)
  const picker = mount(DayRange, { props: { from: '', to: '' }, global: { plugins: [makeI18n(words)] } }).getComponent({ name: 'ElDatePicker' })
  const expected = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(new Date())
  const { defaultValue: [opens], cellClassName } = picker.props() as { defaultValue: [Date], cellClassName: (day: Date) => string }
  expect(new Intl.DateTimeFormat('sv-SE').format(opens)).toBe(expected)
  const [year = 0, month = 0, date = 0] = expected.split('-').map(Number)
  expect([0, 1, -1].map((days) => cellClassName(new Date(year, month - 1, date + days)))).toEqual(['day-today', '', ''])
})
