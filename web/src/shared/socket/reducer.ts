// What a page knows from its socket: a pure function of the frames that came.

import type { Presence } from '@/api/types'
import type { Alarm, Frame, Load, Place, Snapshot, Talk } from './frames'

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

/** Urgent first, then arrival: as the server seats them. */
function inLine(talks: Talk[]): Talk[] {
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
      return {
        ...view,
        onShift: frame.onShift ?? view.onShift,
        common: frame.common?.waiting ?? view.common,
        others: frame.others ?? view.others,
        alarms: frame.alarms ?? view.alarms,
        active: answered(view.active, frame.unansweredSince),
        place: frame.queue === undefined ? view.place : frame.queue,
      }
    case 'event': {
      // What a snapshot already contains is not counted twice.
      if (view.cursor !== null && frame.seq <= view.cursor) return view
      const after = { ...view, cursor: frame.seq }
      if (frame.event === 'capacity-changed' && frame.counselor === me) {
        return { ...after, maxConsults: frame.maxConsults ?? after.maxConsults }
      }
      // Supervisors hear of others' talks, too; `unanswered` changes nothing but is told.
      return frame.talk === undefined || frame.event === 'unanswered' ? after : withTalk(after, frame.talk, me)
    }
    case 'pong':
    case 'error':
    case 'said':
    case 'message':
    case 'recalled':
    case 'read':
      return view
    default:
      // Unknown frames are to be ignored.
      return view
  }
}

/** The same talks, with what is now known of who waits for an answer in them. */
function answered(talks: Talk[], since: Record<string, number | null> = {}): Talk[] {
  if (!talks.some(({ id }) => since[id] !== undefined)) return talks
  return talks.map((talk) => ({ ...talk, unansweredSince: since[talk.id] === undefined ? talk.unansweredSince : since[talk.id] }))
}

function fromSnapshot(view: View, frame: Snapshot): View {
  return {
    ...NOTHING_KNOWN,
    cursor: frame.cursor,
    presence: frame.presence ?? null,
    onShift: frame.onShift ?? false,
    maxConsults: frame.maxConsults ?? 0,
    active: byStart(frame.active ?? []),
    waiting: inLine(frame.waiting ?? []),
    common: frame.common?.waiting ?? 0,
    others: view.others,
    alarms: frame.alarms ?? [],
    conversation: frame.conversation ?? null,
    place: frame.queue ?? null,
  }
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
    waiting: forMe ? inLine([...without(view.waiting), talk]) : without(view.waiting),
    conversation,
    place: conversation?.status === 'WAITING' ? view.place : null,
  }
}
