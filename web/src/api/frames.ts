// Short names for the frames of docs/sockets.md, as the server's own schema has them.

import type { components } from './schema'

type Schemas = components['schemas']

/** All that the server sends, and all that it is sent. */
export type Frame = Schemas['Frame']
export type Command = Schemas['ClientFrame']

export type Snapshot = Schemas['SnapshotFrame']
export type EventFrame = Schemas['EventFrame']
/** An event about one talk, with the talk after it. */
export type TalkEvent = Extract<EventFrame, { talk: Talk }>
export type StateFrame = Schemas['StateFrame']
export type ErrorFrame = Schemas['ErrorFrame']

export type Talk = Schemas['Talk']
/** What supervisors and administrators look after, and a counselor of their own talks, until it is settled. */
export type Alarm = Schemas['AlarmView']
export type Place = Schemas['QueueView']
/** A colleague's load, as supervisors and administrators are told. */
export type Load = Schemas['LoadView']
/** A row of the record, as the embedded IM tells it. */
export type SaidMessage = Schemas['SaidMessage']
