/** Hands a file to the browser, as one that was downloaded. */
export function saveFile({ name, content }: { name: string, content: Blob }): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => { URL.revokeObjectURL(url) }, 60_000)
}
