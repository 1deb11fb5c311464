// Short names for what the server answers.

import type { components } from './schema'

type Schemas = components['schemas']

export type Person = Schemas['PersonView']
export type Me = Schemas['Me']
export type Conversation = Schemas['ConversationView']
export type Queue = Schemas['QueueView']
export type Evaluation = Schemas['EvaluationView']
export type Mine = Schemas['Mine']
export type Now = Schemas['Now']
export type Seat = Schemas['Seat']
export type WaitingVisitor = Schemas['Waiting']
export type Emergency = Schemas['Emergency']
export type WebMessage = Schemas['WebMessage']
export type Unread = Schemas['Unread']
export type DayOfMonth = Schemas['DayOfMonth']
export type Shift = Schemas['Shift']
export type RankingRow = Schemas['RankingRow']

/** Somebody on duty; only a visitor is told `consulted` and `rating`. */
export type OnDuty = Pick<Schemas['OnDuty'], 'active' | 'id' | 'maxConsults' | 'state' | 'timestamp' | 'user' | 'waiting'>
  & Partial<Schemas['ForVisitor']>

/** What the pages need of the settings; `im` and `sandbox` only newer servers say. */
export type Config = Schemas['Config'] & {
  im?: { mode: 'embedded' | 'tencent', sdkAppId: number, imageBytesMax: number, textCharactersMax: number }
  sandbox?: { appid: string } | null
}

export type Presence = 'online' | 'busy' | 'away'
/** As others see it. */
export type State = Presence | 'offline'
export type Status = 'WAITING' | 'IN_PROGRESS' | 'FINISHED' | 'TIME_OUT' | 'CANCELLED'
export type Role = 'counselor' | 'supervisor' | 'administrator' | 'system'
