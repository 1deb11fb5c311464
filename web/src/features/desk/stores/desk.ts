// What a counselor or supervisor has on the desk: the talks they serve, have waiting and have ended, with who is in them.

import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'
import { NoSession } from '@/api/answer'
import * as common from '@/api/common'
import { listRecords } from '@/api/records'
import type { Conversation } from '@/api/types'
import { forgetDraft } from '@/shared/kept/words'
import type { EventFrame, Talk, TalkEvent } from '@/api/frames'
import { useChats } from '@/shared/stores/chats'
import { useLive } from '@/shared/stores/live'
import { useMe } from '@/shared/stores/me'
import { usePeople } from '@/shared/stores/people'
import { endedFirst } from '../order'

/** How many of the talks that are over stand in the list. */
const RECENT = 8

/** Whether the talk is another after the event; a new kind does not compile before it is decided here. */
const CHANGES_TALK: Record<TalkEvent['event'], boolean> = {
  opened: true,
  widened: true,
  'priority-changed': true,
  assigned: true,
  'medium-changed': true,
  noticed: false,
  unanswered: false,
  ended: true,
}

export const isOver = (talk: Pick<Conversation, 'status'> | null | undefined): boolean =>
  talk !== null && talk !== undefined && talk.status !== 'WAITING' && talk.status !== 'IN_PROGRESS'

/** Everybody named in it. */
function cachePeopleOf(talk: Conversation): void {
  usePeople().cachePeople(talk.user, talk.counselor, talk.supervisor)
  if (talk.supervise) cachePeopleOf(talk.supervise)
}

export const useDesk = defineStore('desk', () => {
  const live = useLive()
  const chats = useChats()
  const me = useMe()

  /** Talks as the server last described them, by id. */
  const details = reactive(new Map<string, Conversation>())
  const errors = reactive(new Map<string, unknown>())
  /** The consultation each talk with a supervisor is about. */
  const about = reactive(new Map<string, string>())
  const recent = shallowRef<Conversation[]>([])
  const recentError = shallowRef<unknown>(null)
  const isRecentLoading = ref(false)
  const asking = new Map<string, Promise<void>>()
  const again = new Set<string>()

  const isSupervisor = computed(() => me.role === 'supervisor')
  const active = computed<Talk[]>(() => live.view.active)
  const waiting = computed<Talk[]>(() => live.view.waiting)
  const ended = computed(() => {
    const open = new Set([...active.value, ...waiting.value].map(({ id }) => id))
    return endedFirst(recent.value.map((talk) => details.get(talk.id) ?? talk)).filter(({ id }) => !open.has(id))
  })

  /** Asks the server about a talk; once more if something happened meanwhile. */
  function fetchConversation(id: string): Promise<void> {
    const under = asking.get(id)
    if (under !== undefined) {
      again.add(id)
      return under
    }
    const asked = ask(id).finally(() => {
      asking.delete(id)
      if (again.delete(id)) void fetchConversation(id)
    })
    asking.set(id, asked)
    return asked
  }

  async function ask(id: string): Promise<void> {
    try {
      keep(await common.fetchConversation(id))
      errors.delete(id)
    } catch (error) {
      if (!(error instanceof NoSession)) errors.set(id, error)
    }
  }

  function keep(talk: Conversation): void {
    cachePeopleOf(talk)
    details.set(talk.id, talk)
    if (talk.supervise) {
      about.set(talk.supervise.id, talk.id)
      // The messages with the supervisor are counted as unread, too, before their pane is open.
      if (!isOver(talk.supervise) && talk.counselor?.id === me.me?.id) follow(talk.supervise.id)
    }
    if (talk.consultation !== null) about.set(talk.id, talk.consultation)
  }

  /** Reads the messages of a talk and stays with them. */
  function follow(id: string): void {
    if (chats.thread(id).state === 'new') void chats.load(id)
  }

  /** A talk with all that belongs to it, for somebody who looks at it. */
  function open(id: string): void {
    void fetchConversation(id)
    follow(id)
  }

  /** Talks before somebody's eyes, and in how many places. */
  const shown = new Map<string, number>()

  function show(id: string): void {
    shown.set(id, (shown.get(id) ?? 0) + 1)
    open(id)
  }

  function hide(id: string): void {
    const others = (shown.get(id) ?? 1) - 1
    if (others > 0) {
      shown.set(id, others)
    } else {
      shown.delete(id)
      drop(id)
    }
  }

  /** What is over and not before anybody's eyes need not be read again after every break of the connection. */
  function drop(id: string): void {
    if (shown.has(id) || !isOver(details.get(id))) return
    details.delete(id)
    errors.delete(id)
    chats.forget(id)
  }

  async function loadRecent(): Promise<void> {
    isRecentLoading.value = true
    try {
      const conversationType = isSupervisor.value ? 'REQUEST_SUPERVISE' as const : 'COUNSELING_SESSION' as const
      // Those that run have no end, and stand last.
      const { rows: talks } = await listRecords({ conversationType, property: 'endTime', size: isSupervisor.value ? RECENT * 4 : RECENT * 2 })
      const own = talks.filter((talk) => talk.counselor?.id === me.me?.id)
      own.forEach(cachePeopleOf)
      recent.value = endedFirst(own).slice(0, RECENT)
      recentError.value = null
    } catch (error) {
      if (!(error instanceof NoSession)) recentError.value = error
    } finally {
      isRecentLoading.value = false
    }
  }

  function heard(event: EventFrame): void {
    if (!('talk' in event)) return
    const { talk } = event
    if (talk.consultation !== null) about.set(talk.id, talk.consultation)
    if (!CHANGES_TALK[event.event]) return
    const known = details.get(talk.id)
    if (known !== undefined) {
      // At once what the event says; the rest when the server has answered.
      details.set(talk.id, {
        ...known,
        status: talk.status,
        priority: talk.priority,
        startTime: talk.startTime,
        ...(event.event === 'ended' ? { endReason: event.endReason, endTime: event.time } : {}),
      })
    }
    void fetchConversation(talk.id).then(() => { drop(talk.id) })
    if (talk.consultation !== null) {
      void fetchConversation(talk.consultation)
      // From now on its messages come by themselves; those before may not have.
      if (event.event === 'assigned' && chats.threads.has(talk.consultation)) void chats.load(talk.consultation)
    }
    if (event.event === 'ended') {
      forgetDraft(talk.id)
      void loadRecent()
    }
  }

  /** What was missed while nobody could tell. */
  function refresh(): void {
    for (const [id, talk] of details) {
      if (!isOver(talk)) void fetchConversation(id)
    }
    void loadRecent()
  }

  /** Keeps the desk as long as the caller lives; returns the way out. */
  function subscribe(): () => void {
    const leave = [
      live.onEvent(heard),
      live.onStatus((status) => { if (status === 'open') refresh() }),
      watch(() => active.value.map(({ id }) => id), (ids) => {
        for (const id of ids) {
          const talk = active.value.find((one) => one.id === id)
          if (talk?.consultation) about.set(id, talk.consultation)
          if (!details.has(id)) void fetchConversation(id)
          follow(id)
        }
      }, { immediate: true }),
      watch(() => waiting.value.map(({ id }) => id), (ids) => {
        for (const id of ids) if (!details.has(id)) void fetchConversation(id)
      }, { immediate: true }),
    ]
    void loadRecent()
    return () => {
      leave.forEach((go) => { go() })
      details.clear()
      errors.clear()
      about.clear()
      shown.clear()
      recent.value = []
    }
  }

  /** Unread messages of a talk, and of the one beside it. */
  function unreadOf(id: string): number {
    const beside = details.get(id)?.supervise
    return chats.unreadOf(id) + (beside && !isOver(beside) ? chats.unreadOf(beside.id) : 0)
  }
  const unread = computed(() => active.value.reduce((sum, { id }) => sum + unreadOf(id), 0))

  return {
    details, errors, about, recent, recentError, isRecentLoading, active, waiting, ended, isSupervisor, unread,
    fetchConversation, open, show, hide, follow, loadRecent, refresh, subscribe, unreadOf, keep,
  }
})
