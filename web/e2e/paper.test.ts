// On paper: whole and calm, what a window cuts or scrolls included, and nothing to click.

import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { artifacts } from './support/server'
import type { Someone } from './support/someone'

const at = hotline('paper')
const MESSAGES = 120
let administrator: Someone

beforeAll(async () => {
  administrator = await at().staff('ecnu_admin', { size: { width: 1280, height: 900 } })
  await administrator.isConnected()
  await at().sql(`insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body)
    select gen_random_uuid(), c.institution, c.id, v.username, k.username, 'paper-' || n, n, n, c.started_at + n * 1000, c.started_at,
           jsonb_build_array(jsonb_build_object('MsgType', 'TIMTextElem', 'MsgContent', jsonb_build_object('Text', '第 ' || n || ' 句')))
    from (select * from conversations where status = 'FINISHED' and counselor is not null and consultation is null order by opened_at desc limit 1) c
    join people v on v.id = c.visitor join people k on k.id = c.counselor, generate_series(1, ${MESSAGES}) n`)
})

/** What paper would cut: wider than the page, or with more in it than it shows. */
async function cut(someone: Someone): Promise<string[]> {
  return someone.page.evaluate(() => [...document.querySelectorAll('.page, .page *')].flatMap((element) => {
    const { overflowX, overflowY, display } = getComputedStyle(element)
    // What is only read aloud, and the insides of controls, are not on paper.
    if (display === 'inline' || element.closest('.unseen, button, svg, .el-avatar, .face') || element.clientWidth <= 1) return []
    const isCut = (overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 2)
      || (overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 2)
    const isWide = element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    return isCut || isWide ? [`${element.tagName}.${element.className}`] : []
  }))
}

async function onPaper(path: string, file: string): Promise<void> {
  const { page } = administrator
  await page.goto(`${at().server.url}/#${path}`)
  await administrator.isAtRest()
  // As wide as A4 between its margins.
  await page.setViewportSize({ width: 703, height: 1000 })
  await page.emulateMedia({ media: 'print' })
  await administrator.isAtRest()
  await page.pdf({ path: artifacts(`screens/${file}.pdf`), format: 'A4' })
  await administrator.shoots(file)
  expect(await page.locator('nav.menu:visible, header.head:visible, .page button.el-button:visible').count()).toBe(0)
  expect(await cut(administrator)).toEqual([])
}

async function offPaper(): Promise<void> {
  await administrator.page.emulateMedia({ media: 'screen' })
  await administrator.page.setViewportSize({ width: 1280, height: 900 })
}

test('The administrator\'s home is whole', async () => {
  await onPaper('/', 'paper-home')
  await offPaper()
})

test('A record has all its words', async () => {
  const id = (await at().sql('select conversation from messages where msg_key = \'paper-1\'')).replaceAll('-', '')
  await onPaper(`/records/${id}`, 'paper-record')
  const words = await administrator.page.locator('.bubble').allInnerTexts()
  const numbered = words.filter((text) => /^第 \d+ 句$/.test(text))
  expect(numbered).toEqual(Array.from({ length: MESSAGES }, (_, n) => `第 ${n + 1} 句`))
  await offPaper()
})

test('A month of shifts has every name', async () => {
  await onPaper('/shifts', 'paper-month')
  expect(await administrator.page.locator('.month .more').count()).toBe(0)
  await offPaper()
})
