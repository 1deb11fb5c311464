// The consent text of /config: rich text of the mini-program, of which we take the words and the line breaks.

/** Its paragraphs, as plain text. */
export function paragraphs(information: readonly unknown[]): string[] {
  const lines = ['']
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, text, name, children } = node as Record<string, unknown>
    if (type === 'text' && typeof text === 'string') lines[lines.length - 1] += text
    if (name === 'br') lines.push('')
    if (Array.isArray(children)) children.forEach(walk)
    if (name === 'p' || name === 'div') lines.push('')
  }
  information.forEach(walk)
  return lines.map((line) => line.trim()).filter((line) => line !== '')
}

/** Whether a paragraph is a heading: 一、本协议…, short or not, begins a chapter. */
export const isHeading = (paragraph: string): boolean => /^[一二三四五六七八九十]+、/.test(paragraph) && paragraph.length <= 16

/** Tells one text from another, so that a changed one is read again. */
export function versionOf(text: readonly string[]): string {
  let hash = 5381
  for (const letter of text.join('\n')) hash = (Math.imul(hash, 33) ^ (letter.codePointAt(0) ?? 0)) >>> 0
  return hash.toString(16)
}
