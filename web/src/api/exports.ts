// Files that the server makes of records, with the names that it gives them.

import { NoSession, refused, Unreachable, type Refusal } from './answer'
import { rawFetch } from './session'

export type ExportFormat = 'txt' | 'json' | 'xlsx'
export interface ExportedFile { name: string, content: Blob }

/** A thousand talks take their time. */
const DOWNLOAD_MS_MAX = 10 * 60 * 1000

/** One record as a file, or several as a zip. `anonymize`: code names instead of names. */
export function exportConversations(ids: readonly [string, ...string[]], format: ExportFormat, anonymize = false): Promise<ExportedFile> {
  const form = `format=${format}&anonymize=${anonymize}`
  return ids.length === 1
    ? download(`/conversation/export/${ids[0]}?${form}`, { method: 'POST' })
    : download(`/conversation/batchexport?${form}`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(ids),
      })
}

async function download(path: string, init: RequestInit): Promise<ExportedFile> {
  const signal = AbortSignal.timeout(DOWNLOAD_MS_MAX)
  return fileOf(await rawFetch(path, { ...init, signal }).catch(() => { throw new Unreachable(null) }))
}

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
export async function fileOf(response: Response): Promise<ExportedFile> {
  if (response.status === 403) throw new NoSession()
  if (!response.ok) throw new Unreachable(response.status)
  const name = fileName(response.headers.get('Content-Disposition'))
  if (name !== null) return { name, content: await response.blob() }
  const told = await response.json().catch(() => null) as Partial<Refusal> | null
  if (typeof told?.code !== 'number') throw new Unreachable(response.status)
  throw refused({ ...told, code: told.code })
}
