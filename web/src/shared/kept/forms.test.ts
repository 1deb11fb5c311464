// What stands in a field a browser writes to its disk, to fill it in again: with the window that is opened again after a
// crash, and with the next form that asks the same. What says `autocomplete="off"` is left out of both: Element Plus's fields
// of text do by themselves, for the other fields the form does.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'vue/compiler-sfc'

interface Node { tag?: string, props?: { name: string, value?: { content: string } }[], children?: Node[], branches?: Node[] }

const SOURCE = join(import.meta.dirname, '../..')
const PAGES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.vue'))
/** The log-in's: whoever wants it has their user name and password kept by the browser, which asks first. */
const FOR_PASSWORDS = ['username', 'current-password', 'new-password']
const LOG_IN = join('workbench', 'login.vue')

const given = ({ props }: Node, name: string): string | null => props?.find((one) => one.name === name)?.value?.content ?? null

/** What a browser would keep of the fields under a node. */
function keptOf(node: Node, file: string): string[] {
  const { tag } = node
  const autocomplete = given(node, 'autocomplete')
  const isForm = tag === 'form' || tag === 'el-form'
  const wrong = [
    ...(isForm && autocomplete !== 'off' && file !== LOG_IN ? [`${file}: a form`] : []),
    ...((tag === 'input' || tag === 'textarea') && autocomplete !== 'off' ? [`${file}: a field`] : []),
    ...(autocomplete !== null && ![...FOR_PASSWORDS, 'off'].includes(autocomplete) ? [`${file}: ${autocomplete}`] : []),
  ]
  return [...wrong, ...[...node.children ?? [], ...node.branches ?? []].flatMap((child) => keptOf(child, file))]
}

const keptIn = (source: string, file: string): string[] => {
  const { template } = parse(source, { sourceMap: false }).descriptor
  return template?.ast ? keptOf(template.ast as unknown as Node, file) : []
}

it('no field of the pages is kept by a browser', () => {
  expect(PAGES.length).toBeGreaterThan(50)
  expect(PAGES.flatMap((file) => keptIn(readFileSync(join(SOURCE, file), 'utf8'), file))).toEqual([])
})

it.each([
  ['<form><el-input /></form>', 'a form'], ['<div><textarea /></div>', 'a field'], ['<input />', 'a field'],
  ['<form autocomplete="off"><el-input v-if="yes" autocomplete="tel" /></form>', 'tel'],
])('a field that would be is found: %s', (template, found) => {
  expect(keptIn(`<template>${template}</template>`, 'x')).toEqual([`x: ${found}`])
})
