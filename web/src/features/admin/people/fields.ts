// What is told of staff: which fields, how long, and what of them is sent.

import type { Person } from '@/api/types'

export type ProfileField
  = | 'name' | 'gender' | 'age' | 'phoneNumber' | 'idNumber' | 'email' | 'department' | 'title' | 'qualification' | 'qualificationCode'
    | 'emergencyContact' | 'emergencyPhone' | 'avatarUrl'
export type Given = Record<ProfileField, string>

/** Characters, as the interface document says. */
export const LENGTHS: Record<ProfileField, number> = {
  name: 64, gender: 32, age: 3, phoneNumber: 32, idNumber: 32, email: 254, department: 100, title: 100, qualification: 100, qualificationCode: 100,
  emergencyContact: 64, emergencyPhone: 32, avatarUrl: 1000,
}
export const FIELDS = Object.keys(LENGTHS) as ProfileField[]
export const GENDERS = ['女', '男', '其他'] as const

/** A password shorter than that is refused here: the server only ever sees its MD5. */
export const PASSWORD_MIN = 8
export const USERNAME = /^[A-Za-z0-9_-]{2,32}$/
export const isAge = (text: string): boolean => text === '' || (/^\d{1,3}$/.test(text) && Number(text) <= 150)

/** Digits, perhaps with a country code, brackets, spaces and dashes; as the server checks it. */
const PHONE = /^\+?[0-9(][0-9 ()-]{4,30}$/
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/
const ID_NUMBER = /^\d{6}(\d{4})(\d{2})(\d{2})\d{3}[\dXx]$/
/** GB 11643-1999, section 4.3: the weights of the first seventeen digits, and the sign for each remainder. */
const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const ID_CHECKS = '10X98765432'

export function isIdNumber(text: string): boolean {
  const [, year = '', month = '', day = ''] = ID_NUMBER.exec(text) ?? []
  const born = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(born.getTime()) || born.getUTCDate() !== Number(day)) return false
  const sum = ID_WEIGHTS.reduce((total, weight, at) => total + weight * Number(text[at]), 0)
  return ID_CHECKS[sum % 11] === text[17]?.toUpperCase()
}

/** Whether a field of staff has its form; an empty one is none. */
export function hasForm(field: ProfileField, text: string): boolean {
  switch (field) {
    case 'phoneNumber':
    case 'emergencyPhone':
      return text === '' || PHONE.test(text)
    case 'email':
      return text === '' || EMAIL.test(text)
    case 'idNumber':
      return text === '' || isIdNumber(text)
    default:
      return true
  }
}

/** How somebody's fields stand in a form; an age of 0 is none. */
export function givenOf(person: Partial<Pick<Person, ProfileField>> | null): Given {
  return Object.fromEntries(FIELDS.map((field) => {
    const value = person?.[field]
    return [field, value === null || value === undefined || value === 0 ? '' : String(value)]
  })) as Given
}

/**
 * What differs: absent is unchanged, empty clears. What nobody touched is not sent, so that what is masked for this
 * reader is never written back.
 */
export function changesOf(before: Given, now: Given, fields: readonly ProfileField[]): Partial<Record<ProfileField, string | number>> {
  return Object.fromEntries(fields
    .map((field) => [field, now[field].trim()] as const)
    .filter(([field, text]) => text !== before[field])
    .map(([field, text]) => [field, field === 'age' ? Number(text || 0) : text]))
}
