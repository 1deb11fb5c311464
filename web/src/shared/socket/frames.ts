// The frames of docs/sockets.md, and of the embedded IM.

import type { Presence, State, Status, WebMessage } from '@/api/types'

export interface Talk {
  id: string
  visitor: string
  counselor: string | null
  /** Who was asked for by name. */
  wanted: string | null
  /** The consultation that a REQUEST_SUPERVISE is about. */
  consultation: string | null
  status: Status
  conversationType: 'COUNSELING_SESSION' | 'REQUEST_SUPERVISE'
  priority: 'NORMAL' | 'URGENT'
  common: boolean
  createdTime: number
  startTime: number | null
  /** When the visitor's first word came that nobody has answered yet, or the start; null once it is answered. */
  unansweredSince?: number | null
}

/** What supervisors and administrators look after, and a counselor of their own talks, until it is settled. */
export type Alarm
  = | { kind: 'unanswered', conversation: string, counselor: string, visitor: string, since: number, afterSeconds: number }
    | { kind: 'counselor-lost', counselor: string, since: number, conversations: string[] }

export interface Place {
  position: number
  /** How many are served before, by whoever serves this one. */
  ahead: number
  counselorState: State | null
  estimatedWaitSeconds: number | null
  /** Nobody is served before, and somebody who would serve them is online. */
  next: boolean
  /** When the waiting limit ends it. */
  waitUntil: number
  /** The start of the next day with a shift, while nobody who would serve them is online. */
  nextShift: number | null
}

/** A colleague's load, as supervisors and administrators are told. */
export interface Load {
  counselor: string
  role: 'counselor' | 'supervisor'
  presence: State
  onShift: boolean
  active: number
  waiting: number
  maxConsults: number
}

export interface Snapshot {
  type: 'snapshot'
  cursor: number
  /** Of a counselor or supervisor. */
  presence?: Presence
  onShift?: boolean
  maxConsults?: number
  active?: Talk[]
  waiting?: Talk[]
  alarms?: Alarm[]
  /** Of staff. */
  common?: { waiting: number }
  /** Of a visitor. */
  conversation?: Talk | null
  queue?: Place | null
}

export type EventName
  = | 'opened' | 'widened' | 'priority-changed' | 'assigned' | 'medium-changed' | 'noticed' | 'unanswered' | 'ended'
    | 'counselor-lost' | 'capacity-changed' | 'expelled'

export interface EventFrame {
  type: 'event'
  seq: number
  time: number
  event: EventName
  conversation?: string
  talk?: Talk
  counselor?: string | null
  notice?: string
  text?: string
  status?: Status
  endReason?: string
  maxConsults?: number
  afterSeconds?: number
  person?: string
}

export interface StateFrame {
  type: 'state'
  common?: { waiting: number }
  /** Of a counselor or supervisor: it changes at midnight, and when somebody is put on shift. */
  onShift?: boolean
  others?: Load[]
  queue?: Place | null
  /** Only the talks where it changed. */
  unansweredSince?: Record<string, number | null>
  /** All that are not settled. */
  alarms?: Alarm[]
}

/** A row of the record, as the embedded IM tells it. */
export type SaidMessage = WebMessage & { timeMs?: number, ref?: string | null }

/** What the embedded IM says. */
export type ImFrame
  = | { type: 'said', ref: string, conversation: string, message: SaidMessage }
    | { type: 'message', conversation: string, message: SaidMessage }
    | { type: 'recalled', ref?: string, conversation: string, message: string }
    | { type: 'read', conversation: string, reader: string, until: number }

/** `reason` says in one word what `message` says in a sentence: one of `ChatReason` where it is about something said. */
export interface ErrorFrame { type: 'error', ref?: string, code: number, message: string, reason: string }

export type Frame
  = | Snapshot
    | { type: 'resumed', cursor: number, presence?: Presence }
    | EventFrame
    | StateFrame
    | { type: 'presence', presence: Presence }
    | { type: 'pong' }
    | ErrorFrame
    | ImFrame

export type Command
  = | { type: 'auth', token: string }
    | { type: 'presence', presence: Presence }
    | { type: 'ping' }
    | { type: 'say', ref: string, conversation: string, text: string }
    | { type: 'say', ref: string, conversation: string, image: string }
    | { type: 'recall', ref: string, conversation: string, message: string }
    | { type: 'read', conversation: string }
