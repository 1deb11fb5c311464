// The numbers to call: the institution's once they were told, then as remembered, else those that hold everywhere. The page
// itself (visitor.html) has the last.

import type { Emergency } from '@/api/types'

const KEPT = 'hotline.visitor.emergency'

const USUAL: readonly Emergency[] = [
  { name: '全国统一心理援助热线', number: '12356' },
  { name: '报警', number: '110' },
  { name: '急救', number: '120' },
]

/** Only digits are dialled, whatever an administrator wrote. */
export const dialled = (number: string): string => `tel:${number.replace(/[^0-9+*#]/g, '')}`

/** The key of what one of the usual numbers is called in another language. */
export function usualKey({ name, number }: Emergency): string | null {
  return USUAL.some((one) => one.number === number && one.name === name) ? `visitor.emergency.usual.${number}` : null
}

const isNumber = (one: unknown): one is Emergency =>
  typeof one === 'object' && one !== null && 'name' in one && typeof one.name === 'string' && 'number' in one && typeof one.number === 'string'
const isNumbers = (value: unknown): value is Emergency[] => Array.isArray(value) && value.length > 0 && value.every(isNumber)

export function keepNumbers(numbers: readonly Emergency[]): void {
  localStorage.setItem(KEPT, JSON.stringify(numbers))
}

/** Never empty: whoever is in need finds a number, whatever was remembered or configured. */
export function numbersOf(told: readonly Emergency[] | undefined): readonly Emergency[] {
  if (isNumbers(told)) return told
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? 'null')
    return isNumbers(kept) ? kept : USUAL
  } catch {
    return USUAL
  }
}
