// Who is who: talks name people by id, messages by user name.

import { defineStore } from 'pinia'
import { reactive } from 'vue'
import type { Person } from '@/api/types'
import { plain } from '@/i18n/isolate'

export type Known = Pick<Person, 'id' | 'username' | 'name' | 'avatarUrl' | 'type'>

export const usePeople = defineStore('people', () => {
  const byId = reactive(new Map<string, Known>())
  const byUsername = reactive(new Map<string, Known>())

  /** Remembers whom the server named. */
  function introduce(...people: (Known | null | undefined)[]): void {
    for (const person of people) {
      if (!person) continue
      const known: Known = {
        id: person.id, username: person.username, name: person.name, avatarUrl: person.avatarUrl, type: person.type,
      }
      byId.set(known.id, known)
      byUsername.set(known.username, known)
    }
  }

  const find = (key: string): Known | null => byId.get(key) ?? byUsername.get(key) ?? null
  /** A name to show; empty if nobody is known so. */
  const nameOf = (key: string): string => {
    const known = find(key)
    return known === null ? '' : plain(known.name || known.username)
  }

  return { introduce, find, nameOf }
})
