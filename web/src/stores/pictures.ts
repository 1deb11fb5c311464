// Pictures of a talk, as something an <img> can show. With a token instead of a cookie they are fetched first.

import { defineStore } from 'pinia'
import { BASE } from '@/api/client'
import { Unreachable } from '@/api/answer'
import { hasCookie, rawFetch } from './api'

/** Fetched pictures that are kept at a time. */
const KEPT_MAX = 60

export const usePictures = defineStore('pictures', () => {
  const kept = new Map<string, Promise<string>>()

  async function fetched(path: string): Promise<string> {
    const response = await rawFetch(path)
    if (!response.ok || !response.headers.get('Content-Type')?.startsWith('image/')) throw new Unreachable(response.status)
    return URL.createObjectURL(await response.blob())
  }

  /** An address for `src`. */
  function source(url: string): Promise<string> {
    if (!url.startsWith('/')) return Promise.resolve(url)
    if (hasCookie()) return Promise.resolve(BASE + url)
    const known = kept.get(url)
    if (known) return known
    const asked = fetched(url)
    kept.set(url, asked)
    asked.catch(() => kept.delete(url))
    const [oldest] = kept.keys()
    if (kept.size > KEPT_MAX && oldest !== undefined) {
      void kept.get(oldest)?.then((object) => { URL.revokeObjectURL(object) })
      kept.delete(oldest)
    }
    return asked
  }

  return { source }
})
