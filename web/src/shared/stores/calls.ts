// For what the person here is called, and who is named in it.

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { fetchConversation } from '@/api/common'
import { fetchCounselors } from '@/api/people'
import { callsOf, openedKey, unanswered, type Call } from '@/shared/socket/calls'
import { useLive } from './live'
import { useMe } from './me'
import { usePeople } from './people'

/** Opened talks that are remembered; nobody has so many at a time. */
const OPENED_MAX = 200
const openedOf = (person: string): string => `hotline.opened.${person}`

function read(key: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id): id is string => typeof id === 'string') : []
  } catch {
    return []
  }
}

export const useCalls = defineStore('calls', () => {
  const live = useLive()
  const me = useMe()
  const people = usePeople()
  /** In all windows of this browser, and over a reload. */
  const opened = ref<string[]>([])
  const key = computed(() => (me.me === null ? null : openedOf(me.me.id)))
  const calls = computed<Call[]>(() => callsOf(live.view, new Set(opened.value)))
  /** In how many talks somebody waits for this person's answer. */
  const waiting = computed(() => unanswered(live.view.active).length)

  function look(): void {
    opened.value = key.value === null ? [] : read(key.value)
  }

  /** The talk is before somebody's eyes. */
  function open(id: string): void {
    const talk = [...live.view.active, ...live.view.waiting].find((one) => one.id === id)
    if (talk === undefined || key.value === null || opened.value.includes(openedKey(talk))) return
    opened.value = [openedKey(talk), ...read(key.value)].slice(0, OPENED_MAX)
    localStorage.setItem(key.value, JSON.stringify(opened.value))
  }

  /** Asked once each; a name that cannot be had is shown as none. */
  const asked = new Set<string>()
  async function fetchPeopleOf({ conversation, counselor, visitor, talks }: Call): Promise<void> {
    const isKnown = (id: string | null): boolean => id === null || people.find(id) !== null
    if (isKnown(counselor) && isKnown(visitor)) return
    const id = conversation ?? talks[0] ?? null
    const about = id ?? counselor
    if (about === null || asked.has(about)) return
    asked.add(about)
    try {
      if (id !== null) {
        const talk = await fetchConversation(id)
        people.cachePeople(talk.user, talk.counselor)
      } else {
        people.cachePeople(...await fetchCounselors())
      }
    } catch {
      asked.delete(about)
    }
  }

  /** Follows the other windows, and learns who is who, as long as the caller lives; returns the way out. */
  function subscribe(): () => void {
    const heard = (event: StorageEvent): void => { if (event.key === key.value) look() }
    window.addEventListener('storage', heard)
    const leave = [
      watch(key, look, { immediate: true }),
      watch(calls, (now) => { for (const call of now) if (call.kind === 'unanswered' || call.kind === 'counselor-lost') void fetchPeopleOf(call) }, { immediate: true }),
    ]
    return () => {
      window.removeEventListener('storage', heard)
      leave.forEach((go) => { go() })
      asked.clear()
    }
  }

  return { calls, waiting, open, subscribe }
})
