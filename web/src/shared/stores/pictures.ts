// Pictures of a talk, as something an <img> can show. With a token instead of a cookie they are fetched first.

import { defineStore } from 'pinia'
import { fetchImage, imageAddress } from '@/api/images'

/** Fetched pictures that are kept at a time. */
const KEPT_MAX = 60

export const usePictures = defineStore('pictures', () => {
  const kept = new Map<string, Promise<string>>()

  /** An address for `src`. */
  function source(url: string): Promise<string> {
    const address = imageAddress(url)
    if (address !== null) return Promise.resolve(address)
    const known = kept.get(url)
    if (known) return known
    const asked = fetchImage(url).then((image) => URL.createObjectURL(image))
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
