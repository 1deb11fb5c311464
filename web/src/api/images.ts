// Pictures of talks.

import { result, Unreachable } from './answer'
import { BASE } from './base'
import { hasCookie, rawFetch } from './session'

/** A phone far from anywhere may need a while for five megabytes. */
const UPLOAD_MS_MAX = 120_000

/** Puts a picture into a talk; answers its id. */
export async function uploadImage(conversation: string, image: Blob): Promise<string> {
  const call = rawFetch(`/im/image?conversation=${conversation}`, {
    method: 'POST', body: image, signal: AbortSignal.timeout(UPLOAD_MS_MAX),
  })
  const answered = call.then(async (response) => ({
    data: response.ok ? await response.json() as { code: 0, result: { id: string } } : undefined,
    response,
  }))
  return (await result(answered)).id
}

/** An address for `src` that needs no fetching first; null where only `fetchImage` can have it. */
export function imageAddress(url: string): string | null {
  if (!url.startsWith('/')) return url
  return hasCookie() ? BASE + url : null
}

export async function fetchImage(path: string): Promise<Blob> {
  const response = await rawFetch(path)
  if (!response.ok || !response.headers.get('Content-Type')?.startsWith('image/')) throw new Unreachable(response.status)
  return response.blob()
}
