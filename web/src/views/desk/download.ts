// A file of the server, kept by the browser under the name that the server gave it.

import { result } from '@/api/answer'
import { rawFetch } from '@/stores/api'

export type Format = 'txt' | 'xlsx' | 'json'

/** The name in a Content-Disposition. */
export function nameOf(disposition: string | null): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1]
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return null
    }
  }
  return /filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1] ?? null
}

/** Exports one talk. A refusal is thrown as everywhere. */
export async function exportTalk(id: string, format: Format): Promise<void> {
  const response = await rawFetch(`/conversation/export/${id}?format=${format}`, { method: 'POST' })
  const disposition = response.headers.get('Content-Disposition')
  if (disposition === null) {
    const data = await response.json().catch(() => undefined) as { code: 0, result: null } | undefined
    await result(Promise.resolve({ data, response }))
    return
  }
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = nameOf(disposition) ?? `${id}.${format}`
  link.click()
  URL.revokeObjectURL(url)
}
