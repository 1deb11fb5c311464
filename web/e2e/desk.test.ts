// The counselor's desk: places, the queue, whom they have not read, whom they may ask, what was before, and how they are called.

import type { Locator } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

/** No alarm comes between, however slow the machine is. */
const at = hotline('desk', undefined, { HOTLINE__DISPATCH__UNANSWERED_SECONDS: '[3600]' })
const COUNSELOR = '林晓雨'
const SUPERVISOR = '沈静宜'
let counselor: Someone
let supervisor: Someone
let first: Someone
let second: Someone
let third: Someone
/** How long one waits with another before them. */
let whole = ''

const list = (): Locator => counselor.page.locator('nav.list')
/** What the staff call those who gave no name. */
const names: Record<string, string> = {}
const named = (code: string): string => names[code] ?? ''
const entry = (code: string): Locator => list().locator('[data-talk]').filter({ has: counselor.page.getByText(named(code), { exact: true }) })
const places = (): Locator => counselor.page.locator('.places strong')
/** What stands below the name in the queue, from the first on. */
const line = async (): Promise<string[]> => {
  const section = list().locator('section', { has: counselor.page.getByRole('heading', { name: t('desk.list.waiting') }) })
  return (await section.locator('[data-talk]').allInnerTexts()).map((text) => text.split(/\s*\n\s*/).slice(1).join(' '))
}

async function allows(number: number): Promise<void> {
  await counselor.presses(t('desk.capacity.title'))
  const dialog = counselor.page.getByRole('dialog')
  await dialog.getByRole('spinbutton').fill(String(number))
  await counselor.presses(t('button.save'), dialog)
  await counselor.seesNoMore(dialog)
  await expect.poll(() => places().innerText()).toMatch(new RegExp(`/ ${number}$`))
}

/** A visitor who wants this counselor and nobody else. */
async function asks(code: string): Promise<Someone> {
  const visitor = await at().visitor(code)
  await visitor.page.locator('.counselor', { hasText: COUNSELOR }).click()
  const sheet = visitor.page.locator('.sheet')
  await sheet.getByText(t('visitor.choose.fallback')).click()
  await visitor.presses(t('visitor.choose.wait'), sheet)
  await visitor.sees(t('visitor.waiting.title'))
  names[code] = await at().nameOf(code)
  return visitor
}

beforeAll(async () => {
  counselor = await at().staff('zixunshi1')
  supervisor = await at().staff('dudao1')
  await counselor.isConnected()
  await supervisor.isConnected()
  await counselor.page.goto(`${at().server.url}/#/chat`)
})

test('A counselor says how many they talk with at a time, and a reload knows it', async () => {
  await allows(1)
  await counselor.page.reload()
  await counselor.isConnected()
  await expect.poll(() => places().innerText()).toBe('0 / 1')
})

test('The queue has names, places and waiting times, and each visitor knows their own', async () => {
  first = await at().visitor('first')
  await first.page.locator('.anyone').click()
  await first.sees(first.page.locator('.composer'))
  names.first = await at().nameOf('first')
  second = await asks('second')
  third = await asks('third')
  await second.sees(t('visitor.waiting.next'))
  await third.sees(t('visitor.waiting.ahead', { n: 1 }))
  const estimate = t('visitor.waiting.estimate', { time: '' })
  await third.sees(third.page.locator('.place p', { hasText: estimate }))
  whole = await third.page.locator('.place p', { hasText: estimate }).innerText()
  await third.hasNoBarriers()
  await third.shoots('zh-visitor-waiting-behind')

  await expect.poll(line).toEqual([
    expect.stringMatching(new RegExp(`^${named('second')} \\d\\d:\\d\\d ${t('desk.list.place', { n: 1 })}$`)),
    expect.stringMatching(new RegExp(`^${named('third')} \\d\\d:\\d\\d ${t('desk.list.place', { n: 2 })}$`)),
  ])
  const [before] = await line()
  await expect.poll(async () => (await line())[0], { message: 'the time goes on' }).not.toBe(before)
  await entry('second').click()
  await counselor.sees(t('desk.talk.waits', { name: named('second') }))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-line')
})

test('A supervisor puts somebody first, and everybody concerned sees it', async () => {
  const row = supervisor.page.getByRole('row', { name: named('third') })
  await supervisor.presses(t('desk.waiting.raise'), row)
  await supervisor.sees(supervisor.button(t('desk.waiting.lower'), row))
  await expect.poll(async () => (await line()).map((text) => /^\S+ \d+/.exec(text)?.[0])).toEqual([named('third'), named('second')])
  await counselor.sees(entry('third').locator('.urgent'))
  await third.sees(t('visitor.waiting.next'))
  await second.sees(t('visitor.waiting.ahead', { n: 1 }))
  await second.sees(second.page.getByText(whole))
  await third.seesNoMore(third.page.getByText(whole))
  await supervisor.hasNoBarriers()
  await supervisor.shoots('zh-supervisor-raised')
})

test('Who does not want to wait any longer leaves the queue', async () => {
  await second.presses(t('visitor.waiting.cancel'))
  await second.presses(t('visitor.waiting.cancel'), second.page.locator('.el-message-box'))
  await second.sees(t('visitor.choose.lead'))
  await expect.poll(async () => (await line()).length).toBe(1)
})

test('With another place whoever waits has it at once', async () => {
  await allows(3)
  await third.sees(third.page.locator('.composer'))
  await expect.poll(() => places().innerText()).toBe('2 / 3')
})

test('What was not read is counted at the talk and in the title, until somebody looks', async () => {
  await entry('first').click()
  await counselor.sees(counselor.page.getByRole('heading', { name: named('first') }))
  for (const words of ['在吗？', '我想说说最近的事。']) {
    await third.page.locator('.composer textarea').fill(words)
    await third.presses(t('chat.send'))
  }
  await expect.poll(() => entry('third').locator('.unread').innerText()).toBe('2')
  await counselor.sees(entry('third').getByText('我想说说最近的事。'))
  await expect.poll(() => counselor.page.title()).toMatch(/^\(2\)/)
  expect(await third.page.locator('.marks .read').count()).toBe(0)
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-unread')
  await entry('third').click()
  await counselor.seesNoMore(entry('third').locator('.unread'))
  await expect.poll(() => counselor.page.title()).not.toMatch(/^\(/)
  await third.sees(third.page.locator('.marks .read').nth(1))
})

test('Supervisors stand with the counselor\'s own first, each with presence and free places', async () => {
  const offered = async (): Promise<string[]> => {
    await counselor.presses(t('desk.ask.button'), counselor.page.locator('.actions'))
    const dialog = counselor.page.getByRole('dialog')
    await dialog.getByRole('radio').first().waitFor({ state: 'attached' })
    await counselor.isAtRest()
    const shown = (await dialog.locator('.el-radio').allInnerTexts()).map((text) => text.split(/\s*\n\s*/).filter((word) => word.length > 1).join(' '))
    await counselor.page.keyboard.press('Escape')
    await counselor.seesNoMore(dialog)
    return shown
  }
  expect(await offered()).toEqual([
    `${SUPERVISOR} ${t('desk.ask.bound')} ${t('presence.online')} ${t('desk.ask.free', { n: 5 })}`,
    `周明远 ${t('presence.offline')} ${t('desk.ask.gone')}`,
  ])
  await supervisor.page.locator('.presence-switch button').click()
  await supervisor.page.getByRole('menuitem', { name: t('presence.busy') }).click()
  await supervisor.sees(supervisor.page.locator('.presence-switch', { hasText: t('presence.busy') }))
  expect((await offered())[0]).toBe(`${SUPERVISOR} ${t('desk.ask.bound')} ${t('presence.busy')} ${t('desk.ask.wait')}`)
})

test('Of a visitor who was here before the counselor finds the earlier talks, with words and notes, also after a reload', async () => {
  const known = await at().sql(`select v.username, max(e.content) from conversations c join people v on v.id = c.visitor
    join people k on k.id = c.counselor and k.username = 'zixunshi1'
    join evaluations e on e.conversation = c.id and e.object_type = 'VISITOR' group by 1 order by 1 limit 1`)
  const [username = '', note = ''] = known.split('|')
  const visitor = await at().visitor(username.replace('sandbox_', ''))
  await visitor.page.locator('.counselor', { hasText: COUNSELOR }).click()
  await visitor.presses(t('visitor.choose.start'), visitor.page.locator('.sheet'))
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
  const side = counselor.page.locator('aside.side')
  await side.getByRole('button').filter({ hasText: note }).first().click()
  for (let loads = 1; loads <= 2; loads += 1) {
    await counselor.sees(side.locator('.note', { hasText: note }))
    await expect.poll(async () => (await wordsIn(side.getByRole('log'))).length).toBeGreaterThan(4)
    expect(counselor.page.url()).toMatch(/[?&]past=[0-9a-f]{32}/)
    expect(await side.locator('.composer').count(), 'what is over is for reading').toBe(0)
    if (loads === 1) await counselor.page.reload()
  }
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-earlier')
  expect(await counselor.page.locator('.call-note').count(), 'a reload calls for nobody again').toBe(0)
  await at().leaves(visitor)
})

test('Everything in a talk can be done with the keyboard', async () => {
  const { page } = counselor
  const focused = (selector: string): Promise<boolean> => page.evaluate((sought) => document.activeElement?.matches(sought) ?? false, selector)
  const tabsTo = async (selector: string): Promise<void> => {
    for (let n = 0; n < 60 && !await focused(selector); n += 1) await page.keyboard.press('Tab')
    expect(await focused(selector), selector).toBe(true)
  }
  await page.goto(`${at().server.url}/#/chat`)
  await counselor.sees(entry('third'))
  await tabsTo('[data-talk]')
  for (let n = 0; n < 10 && !(await page.evaluate(() => document.activeElement?.textContent ?? '')).includes(named('third')); n += 1) {
    await page.keyboard.press('ArrowDown')
  }
  await page.keyboard.press('Enter')
  await counselor.sees(page.getByRole('heading', { name: named('third') }))
  await tabsTo('section.talk textarea')
  await page.keyboard.type('我在，请说。')
  await page.keyboard.press('Enter')
  await third.sees(third.page.getByRole('log').getByText('我在，请说。'))
})

/** What the system and the loudspeaker are told; the page believes that nobody looks at it. */
const OUT_OF_SIGHT = `
  window.told = []
  window.tones = 0
  window.Notification = class {
    static permission = 'granted'
    constructor(title, options) { window.told.push({ title, body: options.body, click: () => this.onclick() }) }
    close() {}
  }
  document.hasFocus = () => false
  const create = AudioContext.prototype.createOscillator
  AudioContext.prototype.createOscillator = function () { window.tones += 1; return create.call(this) }
`
interface Told { told: { title: string, body: string, click: () => void }[], tones: number }

test('A new visitor calls the counselor by sound and by a word of the system that names nobody', async () => {
  const other = await at().staff('zixunshi2', { script: OUT_OF_SIGHT })
  const { page } = other
  await other.isConnected()
  const told = (): Promise<{ words: string[], tones: number }> => page.evaluate(() => {
    const { told: all, tones } = window as unknown as Told
    return { words: all.map(({ title, body }) => `${title} ${body}`), tones }
  })
  const calls = async (code: string): Promise<Someone> => {
    const visitor = await at().visitor(code)
    await visitor.page.locator('.counselor', { hasText: '陈思远' }).click()
    await visitor.presses(t('visitor.choose.start'), visitor.page.locator('.sheet'))
    await visitor.sees(visitor.page.locator('.composer'))
    return visitor
  }
  await calls('caller')
  await other.sees(page.locator('.call-note').getByText(t('desk.bell.visitor')))
  await expect.poll(async () => (await told()).words).toEqual([`${t('desk.bell.visitor')} ${t('desk.bell.come')}`])
  // It rings again while nobody comes.
  await expect.poll(async () => (await told()).tones).toBeGreaterThanOrEqual(3)
  await page.evaluate(() => { (window as unknown as Told).told[0]?.click() })
  await other.sees(page.getByRole('heading', { name: await at().nameOf('caller') }))

  await page.locator('.bell-button').click()
  await page.locator('.bell .el-switch').click()
  await other.hasNoBarriers()
  await other.shoots('zh-counselor-bell')
  const { tones } = await told()
  await calls('another')
  await expect.poll(async () => (await told()).words.length).toBe(2)
  expect((await told()).tones, 'muted').toBe(tones)
})
