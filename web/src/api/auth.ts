// Who is logged in, and how they come and go. Passwords are sent as MD5, as the interface document says.

import { NoSession, refused, result, Unreachable, type Refusal } from './answer'
import { api, rawFetch } from './session'
import type { Me } from './types'

const TOKEN_HEADER = 'X-Auth-Token'

export const fetchMe = (): Promise<Me> => result(api().GET('/auth/me'))

/** Staff; the session is a cookie. */
export async function logInByPassword(username: string, passwordMd5: string): Promise<void> {
  await result(api().POST('/auth/login', { body: { username, password: passwordMd5 } }))
}

/** A visitor without WeChat, known by `code`. Answers the token of the session. */
export async function sandboxLogin(appid: string, code: string): Promise<string | null> {
  const response = await rawFetch(`/auth/wx/${appid}/login?code=${code}`, { method: 'POST' })
  if (!response.ok) throw new Unreachable(response.status)
  const answer = await response.json() as Refusal
  if (answer.code !== 0) throw refused(answer)
  return response.headers.get(TOKEN_HEADER)
}

/** One's own password. */
export async function changeOwnPassword(oldMd5: string, freshMd5: string): Promise<void> {
  await result(api().POST('/user/password', { body: { oldPassword: oldMd5, password: freshMd5 } }))
}

/** Ends the session of the cookie; throws where it may still be there. */
export async function endSession(): Promise<void> {
  const response = await rawFetch('/logout', { method: 'POST' }).catch(() => { throw new Unreachable(null) })
  // It leads to the log-in; no script sees where to.
  if (response.type === 'opaqueredirect' || response.ok) return
  const isGone = response.status === 403 && await fetchMe().then(() => false, (error: unknown) => error instanceof NoSession)
  if (!isGone) throw new Unreachable(response.status)
}

/** Ends the session of the token. Only this browser knows it, and forgets it also where the server cannot be told. */
export async function endTokenSession(): Promise<void> {
  await rawFetch('/logout', { method: 'POST' }).catch(() => undefined)
}
