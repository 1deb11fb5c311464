// Who is who: talks name people by id, messages by user name.

import { defineStore } from 'pinia'
import { reactive } from 'vue'
import type { Person } from '@/api/types'
import { nameOf as called } from '@/shared/composables/person-name'

export type Known = Pick<Person, 'id' | 'username' | 'name' | 'avatarUrl' | 'type'> & Partial<Pick<Person, 'visitorNumber'>>

export const usePeople = defineStore('people', () => {
  const byId = reactive(new Map<string, Known>())
  const byUsername = reactive(new Map<string, Known>())

  /** Remembers whom the server named. */
  function cachePeople(...people: (Known | null | undefined)[]): void {
    for (const person of people) {
      if (!person) continue
      const known: Known = {
        id: person.id, username: person.username, name: person.name, avatarUrl: person.avatarUrl, type: person.type,
        visitorNumber: person.visitorNumber,
      }
      byId.set(known.id, known)
      byUsername.set(known.username, known)
    }
  }

  const find = (key: string): Known | null => byId.get(key) ?? byUsername.get(key) ?? null
  /** A name to show; empty if nobody is known so. */
  const nameOf = (key: string): string => called(find(key))

  function forget(): void {
    byId.clear()
    byUsername.clear()
  }

  return { cachePeople, find, nameOf, forget }
})
