// The page's way to the server; the two pages differ in who is logged in and how. `api` and `rawFetch` are for this folder
// alone: pages call the functions of its modules, one module for each area.

import { shallowRef } from 'vue'
import { BASE } from './base'
import { makeClient, makeFetch, type Api, type ClientOptions } from './client'

const options = shallowRef<ClientOptions>({ onNoSession: () => {} })

/** Called once by each page before anything is asked. */
export function useSession(chosen: ClientOptions): void {
  options.value = chosen
}

const reached: ClientOptions = {
  token: undefined,
  onNoSession: () => { options.value.onNoSession() },
}

/** `result(api().GET('/auth/me'))`. */
export function api(): Api {
  return makeClient({ ...reached, token: options.value.token })
}

/** What is no JSON: pictures, downloads. Paths are relative to the server. */
export async function rawFetch(path: string, init?: RequestInit): Promise<Response> {
  return makeFetch({ ...reached, token: options.value.token })(`${BASE}${path}`, init)
}

/** Whether pictures of ours can be shown by their address alone. */
export const hasCookie = (): boolean => options.value.token === undefined
