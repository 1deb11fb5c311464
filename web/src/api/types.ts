// Short names for what the server answers.

import type { components } from './schema'

type Schemas = components['schemas']

export type Person = Schemas['PersonView']
export type Me = Schemas['Me']
export type Conversation = Schemas['ConversationView']
export type Queue = Schemas['QueueView']
export type Evaluation = Schemas['EvaluationView']
export type MyFigures = Schemas['MyFigures']
export type WaitingVisitor = Schemas['Waiting']
export type Emergency = Schemas['Emergency']
export type WebMessage = Schemas['WebMessage']
export type Unread = Schemas['Unread']
export type DayOfMonth = Schemas['DayOfMonth']
export type Shift = Schemas['Shift']
export type Unmatched = Schemas['Unmatched']
export type RankingRow = Schemas['RankingRow']

/** Rows of a page, and how many the whole query has. */
export interface Listed<Row> { rows: Row[], count: number }

/** Something with a state in one of the words the server has for it. */
type WithState<T> = Omit<T, 'state'> & { state: State }
export type StaffOverview = WithState<Schemas['StaffOverview']>
/** A supervisor who may be asked. */
export type Adviser = WithState<Schemas['Adviser']>
export type Now = Omit<Schemas['Now'], 'online' | 'missing'> & { online: StaffOverview[], missing: StaffOverview[] }
/** Somebody on duty; only a visitor is told `consulted` and `rating`. */
export type OnDuty = WithState<Pick<Schemas['OnDuty'], 'active' | 'id' | 'maxConsults' | 'state' | 'timestamp' | 'user' | 'waiting'>>
  & Partial<Schemas['ForVisitor']>

/** Something said, over the socket or with a request. */
export type Say = Schemas['SayCommand']

/** What the pages need of the settings; `im` and `sandbox` only newer servers say. */
export type Config = Schemas['Config'] & {
  im?: { mode: 'embedded' | 'tencent', sdkAppId: number, imageBytesMax: number, textCharactersMax: number }
  sandbox?: { appid: string } | null
}

export type Presence = Schemas['ChosenStatus']
/** As others see it. */
export type State = Schemas['PublicStatus']
export type Status = Schemas['Status']
export type Role = 'counselor' | 'supervisor' | 'administrator' | 'system'
export type PersonType = 'VISITOR' | 'COUNSELOR' | 'SUPERVISOR' | 'INSTITUTION' | 'SYSTEM'
export type Priority = Schemas['Prioritize']['priority']
