// The server names the parameter it does not like; the form shows its words there.

import { Refused } from '@/api/answer'

/** Which of `fields` the refusal is about; null if it names none of them. */
export function refusedField(error: unknown, fields: readonly string[]): string | null {
  if (!(error instanceof Refused) || error.field === null) return null
  return fields.includes(error.field) ? error.field : null
}
