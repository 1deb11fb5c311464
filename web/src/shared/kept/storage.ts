// What stands in a browser's storage. Whatever does is on the disk a moment later, and stays readable there for a while after
// it was removed: words of people go through `words.ts`.

/** The keys that are there. */
export const keysOf = (storage: Storage): string[] => Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '')

export function removeFrom(storage: Storage, isToGo: (key: string) => boolean): void {
  keysOf(storage).filter(isToGo).forEach((key) => { storage.removeItem(key) })
}

/** Everything of ours begins so. */
export const OURS = 'hotline.'

/**
 * From now on the storages take from this page only what is ours. For libraries that keep there what they like, in clear,
 * and have no setting for it; they do without it.
 */
export function keepOnlyOurs(): void {
  const { setItem } = Storage.prototype
  Storage.prototype.setItem = function (key, value) {
    if (key.startsWith(OURS)) setItem.call(this, key, value)
  }
}
