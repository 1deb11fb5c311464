// How staff come and go. Passwords are sent as MD5, as the interface document says.

import { NoSession, result, Unreachable } from './answer'
import { fetchMe } from './common'
import { api, rawFetch } from './session'

/** The session is a cookie. */
export async function logInByPassword(username: string, passwordMd5: string): Promise<void> {
  await result(api().POST('/auth/login', { body: { username, password: passwordMd5 } }))
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
