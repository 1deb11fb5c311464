// People: the lists of them, what is told of them, and whether they may come in.

import { result, rows } from './answer'
import type { Query } from './client'
import type { Profile } from './common'
import { api } from './session'
import type { Listed, Person, PersonType } from './types'

/** The server gives no more in one answer. */
const SIZE_MAX = 200

export type AccountRole = 'ROLE_COUNSELOR' | 'ROLE_SUPERVISOR' | 'ROLE_INSTITUTION_ADMINISTRATOR' | 'ROLE_SYSTEM_ADMINISTRATOR'
type StaffQuery = Query<'/user/ms/counselor/list'>
type PersonKey = Pick<Person, 'id' | 'username' | 'type'>

export const listCounselors = (query: StaffQuery): Promise<Listed<Person>> =>
  rows(api().GET('/user/ms/counselor/list', { params: { query } }))

export const listSupervisors = (query: StaffQuery): Promise<Listed<Person>> =>
  rows(api().GET('/user/ms/supervisor/list', { params: { query } }))

/** As many as the server gives at once; of one institution for whoever sees several. */
export const fetchCounselors = async (some: StaffQuery = {}): Promise<Person[]> =>
  (await listCounselors({ ...some, page: 1, size: SIZE_MAX })).rows
export const fetchSupervisors = async (some: StaffQuery = {}): Promise<Person[]> =>
  (await listSupervisors({ ...some, page: 1, size: SIZE_MAX })).rows

export const listAccounts = (query: Query<'/user/list'>): Promise<Listed<Person>> =>
  rows(api().GET('/user/list', { params: { query } }))

/** As many accounts of this type as the server gives at once. */
export const fetchAccounts = async (type: PersonType, username?: string): Promise<Person[]> =>
  (await listAccounts({ type, username, page: 1, size: SIZE_MAX })).rows

/** How many people of this type an institution has. */
export const countAccounts = async (institutionCode: string, type: PersonType): Promise<number> =>
  (await listAccounts({ institutionCode, type, page: 1, size: 1 })).count

/** How many talks one has at a time. */
export async function setOwnCapacity(maxConsults: number): Promise<void> {
  await result(api().POST('/user/maxconsults', { body: { maxConsults } }))
}

export interface NewStaff {
  username: string
  passwordMd5: string
  profile: Profile
  /** Ids; only counselors have them. */
  supervisors?: string[]
}

const bodyOf = ({ username, passwordMd5, profile, supervisors }: NewStaff) =>
  ({ ...profile, ...(supervisors ? { supervisors } : {}), username, password: passwordMd5 })

export async function addCounselor(fresh: NewStaff): Promise<void> {
  await result(api().PUT('/user/ms/counselor', { body: bodyOf(fresh) }))
}

export async function addSupervisor(fresh: NewStaff): Promise<void> {
  await result(api().PUT('/user/ms/supervisor', { body: bodyOf(fresh) }))
}

/** Somebody of any role, by an administrator of the system. */
export async function addAccount(fresh: NewStaff, role: AccountRole, institutionCode: string | null): Promise<void> {
  await result(api().PUT('/user/ms', { body: { ...bodyOf(fresh), ...(institutionCode === null ? {} : { institutionCode }), role } }))
}

export async function changeCounselor(id: string, changes: Profile, supervisors?: string[]): Promise<void> {
  const body = { ...changes, ...(supervisors ? { supervisors } : {}) }
  await result(api().POST('/user/ms/counselor/{key}', { params: { path: { key: id } }, body }))
}

export async function changeSupervisor(id: string, changes: Profile): Promise<void> {
  await result(api().POST('/user/ms/supervisor/{key}', { params: { path: { key: id } }, body: changes }))
}

/** Whoever may change this kind of people may set their passwords, too: each kind has its own endpoint. */
export async function setPassword({ id, username, type }: PersonKey, passwordMd5: string): Promise<void> {
  const body = { password: passwordMd5 }
  const key = { params: { path: { key: id } }, body }
  switch (type) {
    case 'COUNSELOR':
      await result(api().POST('/user/ms/counselor/{key}', key))
      break
    case 'SUPERVISOR':
      await result(api().POST('/user/ms/supervisor/{key}', key))
      break
    default:
      await result(api().POST('/user/ms', { body: { username, ...body } }))
  }
}

export async function banPerson(id: string): Promise<void> {
  await result(api().POST('/user/ban/{id}', { params: { path: { id } } }))
}

export async function activatePerson(id: string): Promise<void> {
  await result(api().POST('/user/active/{id}', { params: { path: { id } } }))
}

/** A counselor or a supervisor. */
export async function removeStaff({ id, type }: PersonKey): Promise<void> {
  const key = { params: { path: { key: id } } }
  if (type === 'SUPERVISOR') await result(api().DELETE('/user/ms/supervisor/{key}', key))
  else await result(api().DELETE('/user/ms/counselor/{key}', key))
}
