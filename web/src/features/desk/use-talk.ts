// The talk that is open: its id is in the URL, and whatever the page shows of it follows from that.

import { computed, onScopeDispose, watch, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Conversation } from '@/api/types'
import { nameOf } from '@/shared/composables/person-name'
import type { Addressee } from '@/shared/im/chat'
import { useChats, type Thread } from '@/shared/stores/chats'
import { useMe } from '@/shared/stores/me'
import { useDesk } from './stores/desk'

/** The id of the open talk, and the way to another. */
export function useChosen(): {
  id: ComputedRef<string | null>
  query: (name: string) => string | null
  set: (some: Record<string, string | null>) => void
} {
  const route = useRoute()
  const router = useRouter()
  const id = computed(() => (typeof route.params.id === 'string' && route.params.id !== '' ? route.params.id : null))
  const query = (name: string): string | null => [route.query[name]].flat()[0] ?? null

  function set(some: Record<string, string | null>): void {
    const all = Object.entries({ ...route.query, ...some }).filter(([, value]) => value !== null)
    void router.replace({ query: Object.fromEntries(all) })
  }
  return { id, query, set }
}

export interface OpenTalk {
  talk: ComputedRef<Conversation | null>
  error: ComputedRef<unknown>
  thread: ComputedRef<Thread | null>
  /** Whom messages go to; null until the other one is known. */
  to: ComputedRef<Addressee | null>
  isRunning: ComputedRef<boolean>
  /** Whether it is held by whoever is here: others only read. */
  isOwn: ComputedRef<boolean>
  /** What whoever asked for it is called; empty until that is known. */
  name: ComputedRef<string>
}

/** Everything about the talk with this id, asked for when it is not there. */
export function useTalk(id: () => string | null): OpenTalk {
  const desk = useDesk()
  const chats = useChats()
  const me = useMe()
  watch(id, (now, before) => {
    if (now !== null) desk.show(now)
    if (before) desk.hide(before)
  }, { immediate: true })
  onScopeDispose(() => {
    const last = id()
    if (last !== null) desk.hide(last)
  })

  const known = <T>(map: Map<string, T>): T | null => {
    const key = id()
    return key === null ? null : map.get(key) ?? null
  }
  const talk = computed(() => known(desk.details))
  const error = computed(() => known(desk.errors))
  const thread = computed(() => known(chats.threads))
  const to = computed(() => {
    const { user, counselor } = talk.value ?? {}
    const peer = user?.id === me.me?.id ? counselor : user
    return talk.value === null || !peer ? null : { conversation: talk.value.id, peer: peer.username }
  })
  const isRunning = computed(() => talk.value?.status === 'IN_PROGRESS')
  const isOwn = computed(() => talk.value?.counselor?.id === me.me?.id)
  const name = computed(() => nameOf(talk.value?.user))
  return { talk, error, thread, to, isRunning, isOwn, name }
}
