// What stays of a talk on the disk of a computer or phone that others use, too: nothing.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { painting } from './support/pictures'
import { PHONE, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('traces')
const SAID = ['我最近总是睡不着觉', '您愿意多说一些吗']
const CONTACT = { name: '她的妈妈叫张丽', phone: '13987650123' }
const NUMBER = '13712309876'
const profiles = Object.fromEntries(['visitor', 'counselor', 'administrator'].map((who) => [who, mkdtempSync(join(tmpdir(), `hotline-${who}-`))]))

afterAll(() => {
  for (const profile of Object.values(profiles)) rmSync(profile, { recursive: true, force: true })
})

/** The files under a folder that hold one of these texts, as bytes of UTF-8 or of UTF-16. */
function holding(folder: string, texts: string[]): string[] {
  const needles = texts.flatMap((text) => [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')])
  const found: string[] = []
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, entry)
    if (!existsSync(file) || !statSync(file).isFile()) continue
    const bytes = readFileSync(file)
    if (needles.some((needle) => bytes.includes(needle))) found.push(entry)
  }
  return found
}

let visitor: Someone
let counselor: Someone
/** Where the picture of the talk is. */
let picture = ''

async function says(someone: Someone, words: string): Promise<void> {
  await someone.page.locator('.composer textarea').fill(words)
  await someone.presses(t('chat.send'))
}

test('A talk with words, a picture and numbers goes on in browsers that keep what they may', async () => {
  counselor = await at().staff('zixunshi1', { profile: profiles.counselor })
  await counselor.isConnected()
  visitor = await at().visitor('traces', { size: PHONE, profile: profiles.visitor })
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  const field = (name: string): ReturnType<Someone['page']['getByLabel']> => visitor.page.getByLabel(t(`visitor.me.${name}`), { exact: true })
  await field('contact').fill(CONTACT.name)
  await field('contactPhone').fill(CONTACT.phone)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  // As a mini-program tells it.
  const told = await visitor.page.evaluate(async (phoneNumber) => {
    const headers = { Authorization: `Bearer ${localStorage.getItem('hotline.visitor.token') ?? ''}`, 'Content-Type': 'application/json' }
    return (await fetch('/user/update', { method: 'POST', headers, body: JSON.stringify({ phoneNumber }) })).text()
  }, NUMBER)
  expect(told).toContain('"code":0')
  await visitor.page.getByRole('link', { name: t('visitor.tab.home') }).click()
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
  await says(visitor, SAID[0] ?? '')
  await says(counselor, SAID[1] ?? '')
  const asked = counselor.page.waitForResponse(/\/im\/image\//)
  await visitor.page.locator('.composer input[type=file]').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await painting(visitor.context) })
  await counselor.page.locator('.picture img').waitFor()
  picture = new URL((await asked).url()).pathname
  for (const someone of [visitor, counselor]) {
    // Read again from the record, as after a reload.
    await someone.page.reload()
    await someone.sees(someone.page.locator('.bubble', { hasText: SAID[1] ?? '' }))
    await someone.page.locator('.picture img').waitFor()
  }
})

test('An administrator reads the record and the numbers of all visitors', async () => {
  const administrator = await at().staff('ecnu_admin', { profile: profiles.administrator })
  await administrator.page.getByRole('link', { name: t('admin.menu.visitors') }).click()
  await administrator.sees(administrator.page.getByRole('row').nth(1))
  const read = await administrator.page.evaluate(async () => (await fetch('/user/list?page=1&size=50')).text())
  for (const held of [CONTACT.name, CONTACT.phone, NUMBER]) expect(read.includes(held), held).toBe(true)
  const talk = await at().sql('select id from conversations where status = \'IN_PROGRESS\'').then((id) => id.replaceAll('-', ''))
  const record = await administrator.page.evaluate(async (path) => (await fetch(path)).text(), `/message/conversation/web?conversationId=${talk}&page=0&size=50`)
  expect(record.includes(SAID[0] ?? ''), 'the record').toBe(true)
  const file = await administrator.page.evaluate(async (path) => (await fetch(path, { method: 'POST' })).text(), `/conversation/export/${talk}`)
  expect(file.includes(SAID[1] ?? ''), 'the export').toBe(true)
  await administrator.isAtRest()
  await at().leaves(administrator)
})

test('When the browsers are closed nothing of it is found on their disks', async () => {
  for (const someone of [visitor, counselor]) {
    await someone.isAtRest()
    await at().leaves(someone)
  }
  for (const [who, profile] of Object.entries(profiles)) {
    // What may be kept is kept, so it is looked for where such things are.
    expect(holding(profile, ['/assets/']).filter((file) => /cache/i.test(file)), `${who}: the files of the pages`).not.toEqual([])
    const traces = holding(profile, [...SAID, ...Object.values(CONTACT), NUMBER])
    expect(traces, `${who}: words and numbers`).toEqual([])
    // The address of the picture may be known to the browser's history of what it asked, its bytes may not.
    expect(holding(join(profile, 'Default'), [picture]).filter((file) => /^Cache/i.test(file)), `${who}: the picture`).toEqual([])
  }
})
