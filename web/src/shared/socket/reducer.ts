// What a page knows from its socket: a pure function of the frames that came.

import type { Presence } from '@/api/types'
import type { Alarm, EventFrame, Frame, Load, Place, Snapshot, StateFrame, Talk } from '@/api/frames'

export interface View {
  /** Everything up to this event is in here; null before the first snapshot. */
  cursor: number | null
  /** One's own choice; null for administrators and visitors. */
  presence: Presence | null
  onShift: boolean
  maxConsults: number
  /** Talks that run, by their beginning. A counselor's own consultation with a supervisor is not among them. */
  active: Talk[]
  /** Those who wait for this person by name, in order. */
  waiting: Talk[]
  /** How many wait for anyone. */
  common: number
  /** Colleagues' presence and load: supervisors and administrators are told. */
  others: Load[]
  /** What is not settled yet. */
  alarms: Alarm[]
  /** A visitor's open conversation. */
  conversation: Talk | null
  /** Where a waiting visitor stands. */
  place: Place | null
}

export const NOTHING_KNOWN: View = {
  cursor: null,
  presence: null,
  onShift: false,
  maxConsults: 0,
  active: [],
  waiting: [],
  common: 0,
  others: [],
  alarms: [],
  conversation: null,
  place: null,
}

const isOpen = (talk: Talk): boolean => talk.status === 'WAITING' || talk.status === 'IN_PROGRESS'

/** Urgent first, then arrival: as the server serves them. */
function inOrder(talks: Talk[]): Talk[] {
  const urgent = (talk: Talk): number => (talk.priority === 'URGENT' ? 0 : 1)
  return [...talks].sort((a, b) => urgent(a) - urgent(b) || a.createdTime - b.createdTime)
}

const byStart = (talks: Talk[]): Talk[] => [...talks].sort((a, b) => (a.startTime ?? 0) - (b.startTime ?? 0))

/** `view` after `frame`, for the person `me`. */
export function reduce(view: View, frame: Frame, me: string): View {
  switch (frame.type) {
    case 'snapshot':
      return fromSnapshot(view, frame)
    case 'resumed':
      return { ...view, cursor: frame.cursor, presence: frame.presence ?? view.presence }
    case 'presence':
      return { ...view, presence: frame.presence }
    case 'state':
      return withState(view, frame)
    case 'event':
      // What a snapshot already contains is not counted twice.
      return view.cursor !== null && frame.seq <= view.cursor ? view : withEvent({ ...view, cursor: frame.seq }, frame, me)
    case 'pong':
    case 'error':
    case 'said':
    case 'message':
    case 'recalled':
    case 'read':
      return view
    default:
      return unknown({ view, frame })
  }
}

/** What a newer server says is to be ignored. The compiler knows that nothing of ours comes here. */
const unknown = ({ view }: { view: View, frame: never }): View => view

function withState(view: View, frame: StateFrame): View {
  if ('queue' in frame) return { ...view, place: frame.queue }
  if ('unansweredSince' in frame) return { ...view, active: answered(view.active, frame.unansweredSince) }
  if ('alarms' in frame) return { ...view, alarms: frame.alarms }
  if ('common' in frame) {
    return { ...view, common: frame.common.waiting, onShift: frame.onShift ?? view.onShift, others: frame.others ?? view.others }
  }
  return unknown({ view, frame })
}

function withEvent(view: View, frame: EventFrame, me: string): View {
  switch (frame.event) {
    case 'opened':
    case 'widened':
    case 'priority-changed':
    case 'assigned':
    case 'medium-changed':
    case 'noticed':
    case 'ended':
      return withTalk(view, frame.talk, me)
    case 'capacity-changed':
      return frame.counselor === me ? { ...view, maxConsults: frame.maxConsults } : view
    // Told, and changes nothing here: of the first one supervisors hear in others' talks, too.
    case 'unanswered':
    case 'counselor-lost':
    case 'expelled':
      return view
    default:
      return unknown({ view, frame })
  }
}

/** The same talks, with what is now known of who waits for an answer in them. */
function answered(talks: Talk[], since: Record<string, number | null>): Talk[] {
  if (!talks.some(({ id }) => since[id] !== undefined)) return talks
  return talks.map((talk) => {
    const told = since[talk.id]
    return told === undefined ? talk : { ...talk, unansweredSince: told }
  })
}

function fromSnapshot(view: View, frame: Snapshot): View {
  const fresh = { ...NOTHING_KNOWN, cursor: frame.cursor, others: view.others }
  if ('conversation' in frame) return { ...fresh, conversation: frame.conversation, place: frame.queue }
  const looked = { ...fresh, common: frame.common.waiting, alarms: frame.alarms }
  if (!('presence' in frame)) return looked
  const { presence, onShift, maxConsults, active, waiting } = frame
  return { ...looked, presence, onShift, maxConsults, active: byStart(active), waiting: inOrder(waiting) }
}

function withTalk(view: View, talk: Talk, me: string): View {
  const without = (talks: Talk[]): Talk[] => talks.filter(({ id }) => id !== talk.id)
  const mine = talk.status === 'IN_PROGRESS' && talk.counselor === me
  const forMe = talk.status === 'WAITING' && talk.wanted === me
  const own = talk.visitor === me
  const conversation = own ? (isOpen(talk) ? talk : null) : view.conversation
  return {
    ...view,
    active: mine ? byStart([...without(view.active), talk]) : without(view.active),
    waiting: forMe ? inOrder([...without(view.waiting), talk]) : without(view.waiting),
    conversation,
    place: conversation?.status === 'WAITING' ? view.place : null,
  }
}
