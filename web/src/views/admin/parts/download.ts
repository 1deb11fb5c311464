// Files that the server makes: kept under the name it gives them.

import { NoSession, refused, Unreachable, type Refusal } from '@/api/answer'
import { rawFetch } from '@/stores/api'

/** A thousand talks take their time. */
const DOWNLOAD_MS_MAX = 10 * 60 * 1000

/** The name in a `Content-Disposition`; the one of RFC 5987 before the plain one. Null if there is none: no file. */
export function fileName(disposition: string | null): string | null {
  if (disposition === null) return null
  const encoded = /filename\*=UTF-8''([^;\s]+)/i.exec(disposition)?.[1]
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded)
    } catch {
      // Then the plain one.
    }
  }
  return /filename="([^"]+)"/i.exec(disposition)?.[1] ?? null
}

/** The file of an answer; what the answer says instead is thrown, as everywhere. */
export async function fileOf(response: Response): Promise<{ name: string, content: Blob }> {
  if (response.status === 403) throw new NoSession()
  if (!response.ok) throw new Unreachable(response.status)
  const name = fileName(response.headers.get('Content-Disposition'))
  if (name !== null) return { name, content: await response.blob() }
  const told = await response.json().catch(() => null) as Partial<Refusal> | null
  if (typeof told?.code !== 'number') throw new Unreachable(response.status)
  throw refused({ ...told, code: told.code })
}

function keep(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => { URL.revokeObjectURL(url) }, 60_000)
}

export async function download(path: string, init: RequestInit): Promise<string> {
  const signal = AbortSignal.timeout(DOWNLOAD_MS_MAX)
  const response = await rawFetch(path, { ...init, signal }).catch(() => { throw new Unreachable(null) })
  const { name, content } = await fileOf(response)
  keep(name, content)
  return name
}
