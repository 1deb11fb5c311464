// Makes pages of the guides in docs/zh: a build of the workbench compiles their Markdown as Vue templates, so that nothing is
// turned into HTML in a browser, their links are the router's, and their pictures are assets as any other.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Marked, type Tokens } from 'marked'
import type { Plugin } from 'vite'

const GUIDE = /\/docs\/zh\/([a-z-]+)\.md$/
/** A link to another guide, to a place in one, or to a place in the same. */
const TO_GUIDE = /^(?:([a-z-]+)\.md)?(?:#(.+))?$/

/** Of a heading, the name by which a link finds it, as GitHub makes it. */
export const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-')

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
/** In a template, braces would be read. */
const bare = (html: string): string => html.replace(/\{/g, '&#123;').replace(/\}/g, '&#125;')
const attribute = (text: string): string => bare(escaped(text)).replace(/"/g, '&quot;')
/** What Vue reads as a script keeps its braces. */
const expression = (script: string): string => escaped(script).replace(/"/g, '&quot;')
const literal = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

/** Files of the repository beside the guides: the workbench has none of them. */
function link({ own, guides }: Place, href: string, words: string): string {
  if (/^https?:/.test(href)) return `<a href="${attribute(href)}" target="_blank" rel="noreferrer">${words}</a>`
  const [found, guide = own, at] = TO_GUIDE.exec(href) ?? []
  if (found === undefined || !guides.has(guide)) return `<span>${words}</span>`
  const query = at === undefined ? '' : `, query: { at: ${literal(decodeURIComponent(at))} }`
  return `<router-link :to="${expression(`{ name: 'guide', params: { guide: ${literal(guide)} }${query} }`)}">${words}</router-link>`
}

/** Which guide it is, which a link can lead to, and how large its pictures are. */
interface Place { own: string, guides: ReadonlySet<string>, sizeOf: (href: string) => Size }
interface Size { width: number, height: number }

/** Where a PNG says how large it is. */
const [WIDTH_AT, HEIGHT_AT] = [16, 20]
/** The page keeps the room of a picture before it is there: a link leads to its place at once. */
function sizeOfPng(file: string): Size {
  const bytes = readFileSync(file)
  return { width: bytes.readUInt32BE(WIDTH_AT), height: bytes.readUInt32BE(HEIGHT_AT) }
}

/** The template of one guide. */
export function templateOf(markdown: string, place: Place): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading): string {
        return `<h${depth} id="${attribute(anchorOf(text))}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }: Tokens.Link): string {
        return link(place, href, this.parser.parseInline(tokens))
      },
      text(token: Tokens.Text | Tokens.Escape): string {
        if ('tokens' in token && token.tokens) return this.parser.parseInline(token.tokens)
        // What stands in an item with several paragraphs comes a second time, made already.
        return 'escaped' in token && token.escaped ? token.text : bare(escaped(token.text))
      },
      codespan({ text }: Tokens.Codespan): string {
        return `<code>${bare(escaped(text))}</code>`
      },
      code({ text }: Tokens.Code): string {
        return `<pre><code>${bare(escaped(text))}</code></pre>\n`
      },
      image({ href, text }: Tokens.Image): string {
        const { width, height } = place.sizeOf(href)
        return `<img src="${attribute(href)}" alt="${attribute(text)}" width="${width}" height="${height}" />`
      },
      checkbox(): string {
        return '<span class="box" aria-hidden="true"></span> '
      },
      html({ raw }: Tokens.HTML | Tokens.Tag): string {
        throw new Error(`a guide has no HTML of its own: ${raw}`)
      },
    },
  })
  const body = marked.parse(markdown, { async: false }).replace(/<table>/g, '<div class="table" tabindex="0"><table>').replace(/<\/table>/g, '</table></div>')
  return `<template>\n<article lang="zh-CN">\n${body}</article>\n</template>\n`
}

/** Before Vue's own plugin, which takes what comes of it for a component. */
export const guidePages = (guides: readonly string[]): Plugin => ({
  name: 'guides',
  enforce: 'pre',
  transform(markdown, id) {
    const [, own] = GUIDE.exec(id) ?? []
    const sizeOf = (href: string): Size => sizeOfPng(resolve(dirname(id), href))
    return own === undefined ? null : { code: templateOf(markdown, { own, guides: new Set(guides), sizeOf }), map: null }
  },
})
