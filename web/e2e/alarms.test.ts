// Nobody waits unseen: who comes and who is not answered stands on every page of those who can help, until somebody does.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hotline, OwnBrowser } from './support/hotline'
import { UNTOUCHED, type Someone } from './support/someone'
import { t } from './support/words'

const ALARM_SECONDS = 3
const at = hotline('alarms', undefined, {
  HOTLINE__DISPATCH__UNANSWERED_SECONDS: `[${ALARM_SECONDS}]`,
  HOTLINE__DISPATCH__UNANSWERED_EVERY_SECONDS: '3600',
  HOTLINE__DISPATCH__GRACE_SECONDS: '1',
  HOTLINE__SOCKETS__STATE_SECONDS: '1',
  HOTLINE__SOCKETS__HEARTBEAT_SECONDS: '2',
})
const COUNSELOR = '林晓雨'
const WORDS = '您在吗？我有点撑不住了。'
/** Counts the notes that are played. */
const LISTENS = `
  window.tones = 0
  const create = AudioContext.prototype.createOscillator
  AudioContext.prototype.createOscillator = function () { window.tones += 1; return create.call(this) }
`
let own: OwnBrowser
let counselor: Someone
let supervisor: Someone
let administrator: Someone
let visitor: Someone
let name = ''

const bar = ({ page }: Someone) => page.locator('.call-note')
const count = ({ page }: Someone): Promise<string> => page.locator('.bell-button').innerText()
const menuNumber = () => counselor.page.locator('nav.menu a[href="#/chat"] .waiting')
const tones = ({ page }: Someone): Promise<number> => page.evaluate(() => (window as unknown as { tones: number }).tones)
const composer = (page: Page) => page.locator('section.talk .composer textarea')
const hasCursor = (page: Page): Promise<boolean> => page.evaluate(() => document.activeElement?.matches('section.talk .composer textarea') ?? false)
/** The name of a button, as it is read aloud. */
const readsAs = async (someone: Someone, selector: string): Promise<string> => await someone.page.locator(selector).getAttribute('aria-label') ?? ''

async function says(someone: Someone, words: string): Promise<void> {
  await someone.page.locator('.composer textarea').first().fill(words)
  await someone.presses(t('chat.send'), someone.page.locator('.composer').first())
}

beforeAll(async () => {
  own = await OwnBrowser.launch()
  counselor = await at().staff('zixunshi1', undefined, own.browser)
  supervisor = await at().staff('dudao1', { script: LISTENS })
  administrator = await at().staff('ecnu_admin', { script: LISTENS })
  for (const someone of [counselor, supervisor, administrator]) await someone.isConnected()
})
afterAll(async () => { await own.close() })

test('A new visitor\'s call stands on every page and after a reload, and the menu counts who waits for an answer', async () => {
  const { page } = counselor
  await page.goto(`${at().server.url}/#/records`)
  visitor = await at().visitor('alarms')
  await visitor.page.locator('.anyone').click()
  await says(visitor, WORDS)
  name = await at().nameOf('alarms')
  // As a new visitor, or, where this machine is slow, as one who is not answered.
  await counselor.sees(bar(counselor))
  await expect.poll(() => menuNumber().innerText()).toMatch(/^1/)
  await page.reload()
  await counselor.isConnected()
  await counselor.sees(bar(counselor))
  expect(await count(counselor)).toBe('1')
  await page.locator('nav.menu a[href="#/shifts"]').click()
  await counselor.sees(bar(counselor))
})

test('What is not answered reaches the supervisor and the administrator, with sound, and again after a reload', async () => {
  for (const someone of [supervisor, administrator]) {
    await someone.sees(bar(someone).getByText(COUNSELOR))
    await someone.sees(bar(someone).getByText(name))
    await expect.poll(() => count(someone)).toBe('1')
    await expect.poll(() => tones(someone)).toBeGreaterThan(0)
    await someone.page.reload()
    await someone.isConnected()
    await someone.sees(bar(someone).getByText(COUNSELOR))
    expect(await readsAs(someone, '.bell-button')).toContain(t('desk.bell.some', { n: 1 }))
    await someone.hasNoBarriers()
  }
  await administrator.page.locator('.bell-button').click()
  await administrator.sees(administrator.page.locator('.bell .call', { hasText: name }))
  await administrator.sees(t('desk.bell.settles'))
  await administrator.hasNoBarriers()
  await administrator.shoots('zh-administrator-alarm')
  await administrator.page.keyboard.press('Escape')
})

test('A page that may not sound yet says so, and how to switch it on', async () => {
  const { page } = supervisor
  await page.addInitScript(UNTOUCHED)
  await page.reload()
  await supervisor.isConnected()
  await supervisor.sees(page.locator('.sound-off'))
  expect(await readsAs(supervisor, '.bell-button')).toContain(t('desk.bell.loudness.blocked'))
  await supervisor.shoots('zh-supervisor-alarm')
  await page.locator('.sound-off').click()
  await supervisor.seesNoMore(page.locator('.sound-off'))
  expect(await readsAs(supervisor, '.bell-button')).toContain(t('desk.bell.loudness.on'))
})

test('An alarm leads to the talk: the supervisor reads it, the administrator has the record', async () => {
  await bar(supervisor).click()
  await supervisor.sees(supervisor.page.getByRole('log').getByText(WORDS))
  await supervisor.sees(t('desk.mirror.readOnly'))
  expect(await supervisor.page.locator('.composer').count()).toBe(0)
  await supervisor.hasNoBarriers()
  await supervisor.shoots('zh-supervisor-alarm-talk')
  await bar(administrator).click()
  await administrator.sees(administrator.page.locator('main').getByText(WORDS))
  expect(administrator.page.url()).toMatch(/#\/records\/[0-9a-f]{32}/)
})

test('Opening is not answering: the minutes stay in the list, and the cursor stands where one answers', async () => {
  const { page } = counselor
  await bar(counselor).click()
  await counselor.sees(page.getByRole('log').getByText(WORDS))
  await expect.poll(() => hasCursor(page)).toBe(true)
  await counselor.sees(page.locator('[data-talk] .wait'))
  expect(await menuNumber().innerText()).toMatch(/^1/)
  await expect.poll(() => count(supervisor)).toBe('1')
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-waits')
})

test('An answer settles it everywhere', async () => {
  const { page } = counselor
  await page.keyboard.type('我在，请说。')
  await page.keyboard.press('Enter')
  await counselor.seesNoMore(page.locator('[data-talk] .wait'))
  await counselor.seesNoMore(menuNumber())
  for (const someone of [supervisor, administrator]) await expect.poll(() => count(someone)).toBe('')
  expect(await bar(administrator).count()).toBe(0)
})

test('Keys lead to the next who waits, to the search and to the list of keys, and are letters where somebody types', async () => {
  const { page } = counselor
  const second = await at().visitor('alarms2')
  await second.page.locator('.counselor', { hasText: COUNSELOR }).click()
  await second.presses(t('visitor.choose.start'), second.page.locator('.sheet'))
  await says(second, '第二位在等。')
  await counselor.sees(bar(counselor))
  await composer(page).focus()
  await page.keyboard.type('n/?')
  expect(await composer(page).inputValue()).toBe('n/?')
  await composer(page).fill('')
  await page.keyboard.press('Escape')
  expect(await hasCursor(page)).toBe(false)
  await page.keyboard.press('n')
  await counselor.sees(page.getByRole('log').getByText('第二位在等。'))
  await expect.poll(() => hasCursor(page)).toBe(true)
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type(await at().nameOf('alarms2'))
  await expect.poll(() => page.locator('nav.list section').first().locator('[data-talk]').count()).toBe(1)
  await page.keyboard.press('Escape')
  await expect.poll(() => page.locator('nav.list section').first().locator('[data-talk]').count()).toBe(2)
  await page.locator('main').focus()
  await page.keyboard.press('?')
  await counselor.sees(page.getByRole('dialog', { name: t('keys.title') }))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-keys')
  await page.keyboard.press('Escape')
})

test('A counselor who is gone with talks stands at the bell of those who look after them, until they are back', async () => {
  const lost = ({ page }: Someone) => page.locator('.bell .counselor-lost', { hasText: t('desk.bell.lost', { counselor: COUNSELOR, n: 2 }) })
  await supervisor.page.locator('.bell-button').click()
  own.stops()
  await supervisor.sees(lost(supervisor))
  await supervisor.shoots('zh-supervisor-lost')
  await administrator.page.reload()
  await administrator.isConnected()
  await administrator.page.locator('.bell-button').click()
  await lost(administrator).click()
  await administrator.sees(administrator.page.locator('main h1'))
  own.goesOn()
  await counselor.isConnected()
  await supervisor.seesNoMore(lost(supervisor))
})
