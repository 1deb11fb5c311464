// What stays of a talk on the disk of a computer or phone that others use, too: nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { painting } from './support/pictures'
import { PASSWORD, PHONE, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('traces')
const SAID = ['我最近总是睡不着觉', '您愿意多说一些吗']
const CONTACT = { name: '她的妈妈叫张丽', phone: '13987650123' }
const NUMBER = '13712309876'
/** Typed, and found again before it is sent or saved; or never. */
const TYPED = { draft: '其实昨晚又哭了很久', answer: '听起来您这阵子很不容易', note: '反复提到和母亲的争吵', rating: '希望下次还是同一位老师', name: '不想让人知道的名字' }
const WORDS = [...SAID, ...Object.values(CONTACT), NUMBER, ...Object.values(TYPED)]
/** Browsers gather what pages keep, and write it when they find the time. */
const WRITTEN_MS_MAX = 120_000
const TEST_MS_MAX = 4 * WRITTEN_MS_MAX
const profiles = Object.fromEntries(['visitor', 'counselor', 'administrator'].map((who) => [who, mkdtempSync(join(tmpdir(), `hotline-${who}-`))]))

afterAll(() => {
  for (const profile of Object.values(profiles)) rmSync(profile, { recursive: true, force: true })
})

/** What a file holds; nothing if it has gone meanwhile. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** As bytes of UTF-8 or of UTF-16, and as an address has it. */
const formsOf = (text: string): Buffer[] =>
  [text, encodeURIComponent(text)].flatMap((form) => [Buffer.from(form, 'utf8'), Buffer.from(form, 'utf16le')])

/** Which of these texts the files under a folder hold. */
function holding(folder: string, texts: string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).flatMap(({ parentPath, name }) => {
    const file = join(parentPath, name)
    const bytes = bytesOf(file)
    return texts.filter((text) => formsOf(text).some((form) => bytes.includes(form)))
      .map((text) => `${relative(folder, file)}: ${text}`)
  })
}

type Who = 'visitor' | 'counselor' | 'administrator'
const diskOf = (who: Who): string => profiles[who] ?? ''

function hasNoTraces(who: Who, when: string): void {
  expect(holding(diskOf(who), WORDS), `words and numbers on the disk of the ${who}, ${when}`).toEqual([])
}

/** The browser has written to its disk that something stands at this place in a window. */
async function isWritten(who: Who, place: string): Promise<void> {
  await expect.poll(() => holding(diskOf(who), [place]), {
    timeout: WRITTEN_MS_MAX, interval: 500, message: `the ${who}'s browser writes what stands at ${place} to its disk`,
  }).not.toEqual([])
}

/**
 * The browser has written the fields of this page to its disk, for the case that it crashes: a field of the test's own is
 * there, which says nothing of its kind.
 */
async function hasWrittenFields(who: Who, { page }: Someone, words: string): Promise<void> {
  const field = await page.evaluateHandle(() => document.body.appendChild(document.createElement('textarea')))
  await field.fill(words)
  await isWritten(who, words)
  await field.evaluate((one) => { one.remove() })
}

let visitor: Someone
let counselor: Someone
/** Where the picture of the talk is. */
let picture = ''
let talk = ''
const composer = ({ page }: Someone): Locator => page.locator('.composer textarea')
const note = ({ page }: Someone): Locator => page.locator('.ending textarea')

async function says(someone: Someone, words: string): Promise<void> {
  await composer(someone).fill(words)
  await someone.presses(t('chat.send'))
}

/** The log-in ends, and the page finds it out. */
async function expires({ page, context }: Someone): Promise<void> {
  await context.clearCookies()
  // Unless it has done so by itself.
  await page.locator('nav.menu a, input[name=username]').first().click()
  await page.locator('input[name=username]').waitFor()
}

/** Again, and back to where one was. */
async function logsIn(someone: Someone): Promise<void> {
  await someone.page.locator('input[name=username]').fill('zixunshi1')
  await someone.page.locator('input[name=password]').fill(PASSWORD)
  await someone.presses(t('login.submit'))
  await someone.sees(someone.page.locator('nav.menu'))
  await someone.page.locator('nav.menu a[href="#/chat"]').click()
  await someone.page.locator('[data-talk]').first().click()
}

test('A talk with words, a picture and numbers goes on in browsers that keep what they may', async () => {
  counselor = await at().staff('zixunshi1', { profile: profiles.counselor })
  counselor.expects(/\b403\b/)
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

test('What is typed and not yet sent is there after a reload and after an expiry, but not on the disk', { timeout: TEST_MS_MAX }, async () => {
  talk = await at().sql('select id from conversations where status = \'IN_PROGRESS\'').then((id) => id.replaceAll('-', ''))
  await composer(visitor).fill(TYPED.draft)
  await composer(counselor).fill(TYPED.answer)
  for (const [who, someone, words] of [['visitor', visitor, TYPED.draft], ['counselor', counselor, TYPED.answer]] as const) {
    await isWritten(who, `draft.${talk}`)
    hasNoTraces(who, 'with a draft')
    await someone.page.reload()
    await expect.poll(() => composer(someone).inputValue(), { message: `${who}, after a reload` }).toBe(words)
  }
  await expires(counselor)
  hasNoTraces('counselor', 'after an expiry')
  await logsIn(counselor)
  await expect.poll(() => composer(counselor).inputValue(), { message: 'after an expiry' }).toBe(TYPED.answer)
  for (const someone of [visitor, counselor]) await someone.presses(t('chat.send'))
  for (const words of [TYPED.draft, TYPED.answer]) await visitor.sees(visitor.page.locator('.bubble', { hasText: words }))
})

test('A note, a rating and a profile that are only begun are not on the disk', { timeout: TEST_MS_MAX }, async () => {
  await visitor.presses(t('visitor.talk.end'))
  await visitor.presses(t('visitor.talk.endYes'), visitor.page.getByRole('dialog'))
  await visitor.page.locator('form textarea').fill(TYPED.rating)
  await note(counselor).fill(TYPED.note)
  await hasWrittenFields('visitor', visitor, '和评价在一起的一栏')
  await hasWrittenFields('counselor', counselor, '和备注在一起的一栏')
  await isWritten('counselor', `note.${talk}`)
  await counselor.page.reload()
  await expect.poll(() => note(counselor).inputValue(), { message: 'after a reload' }).toBe(TYPED.note)
  await visitor.page.reload()
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  await visitor.page.getByLabel(t('visitor.me.name'), { exact: true }).fill(TYPED.name)
  await hasWrittenFields('visitor', visitor, '和资料在一起的一栏')
  await visitor.page.reload()
  await visitor.isAtRest()
  hasNoTraces('visitor', 'with a rating and a profile begun')
  hasNoTraces('counselor', 'with a note')
})

test('An administrator looks for people, and reads the record and the numbers of all visitors', { timeout: TEST_MS_MAX }, async () => {
  const administrator = await at().staff('ecnu_admin', { profile: profiles.administrator })
  await administrator.page.getByRole('link', { name: t('admin.menu.visitors') }).click()
  await administrator.sees(administrator.page.getByRole('row').nth(1))
  for (const [field, words] of [['phoneNumber', NUMBER], ['name', TYPED.name]] as const) {
    const search = (): Locator => administrator.page.getByLabel(t(`admin.person.field.${field}`)).first()
    const asked = administrator.page.waitForResponse((response) => decodeURIComponent(response.url()).includes(words))
    await search().fill(words)
    await asked
    await administrator.page.reload()
    await expect.poll(() => search().inputValue(), { message: 'what was looked for, after a reload' }).toBe(words)
  }
  // In the history of where it was, too.
  await isWritten('administrator', 'sought=')
  hasNoTraces('administrator', 'after a search')
  const read = await administrator.page.evaluate(async () => (await fetch('/user/list?page=1&size=50')).text())
  for (const held of [CONTACT.name, CONTACT.phone, NUMBER]) expect(read.includes(held), held).toBe(true)
  const record = await administrator.page.evaluate(async (path) => (await fetch(path)).text(), `/message/conversation/web?conversationId=${talk}&page=0&size=50`)
  expect(record.includes(SAID[0] ?? ''), 'the record').toBe(true)
  const file = await administrator.page.evaluate(async (path) => (await fetch(path, { method: 'POST' })).text(), `/conversation/export/${talk}`)
  expect(file.includes(SAID[1] ?? ''), 'the export').toBe(true)
  await administrator.isAtRest()
  await at().leaves(administrator)
})

test('When the browsers are closed nothing of it is found on their disks', async () => {
  // One leaves by the button, the other's log-in ends with something unsaved.
  await visitor.presses(t('visitor.me.leave'))
  await visitor.presses(t('visitor.me.leaveYes'), visitor.page.getByRole('dialog'))
  await visitor.sees(t('visitor.consent.title'))
  await expires(counselor)
  for (const someone of [visitor, counselor]) {
    await someone.isAtRest()
    await at().leaves(someone)
  }
  for (const who of ['visitor', 'counselor', 'administrator'] as const) {
    // What may be kept is kept, so it is looked for where such things are.
    expect(holding(diskOf(who), ['/assets/']).filter((file) => /cache/i.test(file)), `${who}: the files of the pages`).not.toEqual([])
    hasNoTraces(who, 'when its browser is closed')
    // The address of the picture may be known to the browser's history of what it asked, its bytes may not.
    expect(holding(join(diskOf(who), 'Default'), [picture]).filter((file) => /^Cache/i.test(file)), `${who}: the picture`).toEqual([])
  }
})
