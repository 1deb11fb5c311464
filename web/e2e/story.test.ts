// The whole story, as people tell it: a visitor with a phone, a counselor and a supervisor at their desks. Their requests
// go to any of three servers, which nobody notices.

import { readFile } from 'node:fs/promises'
import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { pictures } from './support/documents'
import { hotline } from './support/hotline'
import { painting } from './support/pictures'
import { LARGE, logIn, PHONE, SMALL, wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

/** Nothing moves to another server while the story is told: that sockets come back then, is told elsewhere. */
const SETTINGS = { HOTLINE__CLUSTER__BALANCE_SECONDS: '86400' }
const SERVERS = 3
const at = hotline('story', undefined, SETTINGS, SERVERS)
const COUNSELOR = '林晓雨'
const VISITOR = '小橘子'
let visitor: Someone
let counselor: Someone
let supervisor: Someone

/** The words of the talk on each screen. */
const ofVisitor = (): Locator => visitor.page.getByRole('log')
const ofCounselor = (): Locator => counselor.page.locator('section.talk').getByRole('log')
const beside = (): Locator => counselor.page.locator('aside.side')

async function says(someone: Someone, words: string, pane: Locator = someone.page.locator('body')): Promise<void> {
  const input = pane.locator('.composer textarea')
  await input.fill(words)
  await input.press('Enter')
}

test('A visitor reads the consent before they can agree', async () => {
  visitor = await at().comes('visitor', { size: PHONE })
  await visitor.page.goto(`${at().server.url}/visitor`)
  const agree = visitor.page.locator('form button[type=submit]')
  await agree.waitFor()
  expect(await agree.isDisabled()).toBe(true)
  expect(await agree.innerText()).toMatch(/我同意（\d）/)
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-consent')
  await visitor.page.locator('form input').fill(VISITOR)
  await expect.poll(() => agree.isEnabled()).toBe(true)
  await visitor.presses(t('visitor.consent.agree'))
  await visitor.sees(t('visitor.choose.hello', { name: VISITOR }))
})

test('They choose a counselor who is not there yet, and wait, also with the page closed in between', async () => {
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-choose-nobody-online')
  await visitor.page.locator('.counselor', { hasText: COUNSELOR }).click()
  await visitor.sees(t('visitor.choose.away'))
  await visitor.presses(t('visitor.choose.wait'))
  await visitor.sees(t('visitor.waiting.title'))
  // The counselor asked for is not there: nobody is next.
  await visitor.sees(t('visitor.waiting.nobody'))
  await visitor.sees(visitor.page.locator('#app').getByRole('link', { name: /12356/ }))
  await visitor.page.reload()
  await visitor.sees(t('visitor.waiting.with', { name: COUNSELOR }))
  await visitor.hasNoBarriers()
  await pictures(visitor, 'visitor-waiting')
})

test('The counselor comes to the desk and has them at once, with a notice that leads there', async () => {
  counselor = await at().comes('zixunshi1', { size: SMALL })
  await logIn(counselor)
  await counselor.isConnected()
  await counselor.sees(counselor.page.locator('.presence-switch', { hasText: t('presence.online') }))
  await visitor.sees(visitor.page.locator('header', { hasText: COUNSELOR }))
  await counselor.page.locator('.call-note').first().click()
  await counselor.sees(counselor.page.getByRole('heading', { name: VISITOR }))
})

test('They talk: words, emoji, a picture, what is taken back, and what was read', async () => {
  await says(visitor, '老师好，最近总是睡不好。')
  await counselor.sees(ofCounselor().getByText('老师好，最近总是睡不好。'))
  await visitor.sees(ofVisitor().getByText(t('chat.read'), { exact: true }))
  await says(counselor, '你好，我在这里。愿意说说从什么时候开始的吗？')
  await visitor.sees(ofVisitor().getByText('愿意说说从什么时候开始的吗？'))

  const emoji = visitor.page.locator('.emoji')
  const opener = visitor.page.locator('.composer').getByRole('button', { name: t('chat.emoji') })
  for (const closes of [() => visitor.page.keyboard.press('Escape'), () => ofVisitor().click()]) {
    await opener.click()
    await visitor.sees(emoji)
    await closes()
    await visitor.seesNoMore(emoji)
    await expect.poll(() => visitor.page.locator('.composer textarea').evaluate((area) => area === document.activeElement)).toBe(true)
  }
  await opener.click()
  await visitor.page.locator('.emoji button', { hasText: '😔' }).filter({ visible: true }).click()
  await visitor.presses(t('chat.send'))
  await counselor.sees(ofCounselor().locator('.bubble.large', { hasText: '😔' }))

  await says(counselor, '说错了一句')
  await visitor.sees(ofVisitor().getByText('说错了一句'))
  await ofCounselor().locator('.said', { hasText: '说错了一句' }).hover()
  await ofCounselor().locator('.said', { hasText: '说错了一句' }).getByRole('button', { name: t('chat.recall') }).click()
  await visitor.sees(ofVisitor().getByText(t('chat.recalled', { name: COUNSELOR })))
  await counselor.sees(ofCounselor().getByText(t('chat.recalledOwn')))
  expect(await wordsIn(ofVisitor())).not.toContain('说错了一句')

  const picture = await painting(visitor.context)
  await visitor.page.locator('.composer input[type=file]').setInputFiles({ name: 'evening.png', mimeType: 'image/png', buffer: picture })
  const shown = ofCounselor().locator('.picture img')
  await shown.waitFor()
  await expect.poll(() => shown.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(480)
  await shown.click()
  await counselor.sees(counselor.page.locator('.el-image-viewer__img'))
  await counselor.page.keyboard.press('Escape')
  await counselor.seesNoMore(counselor.page.locator('.el-image-viewer__img'))
  await says(visitor, '这是我睡不着的时候画的。')
  await counselor.sees(ofCounselor().getByText('这是我睡不着的时候画的。'))
  await visitor.hasNoBarriers()
  await pictures(visitor, 'visitor-chat')
})

test('The supervisor is called, sees the talk as it goes on, and advises in the second pane', async () => {
  supervisor = await at().comes('dudao1', { size: LARGE })
  await logIn(supervisor)
  await supervisor.isConnected()
  await counselor.presses(t('desk.ask.button'), counselor.page.locator('.actions'))
  const dialog = counselor.page.getByRole('dialog')
  await counselor.sees(dialog.getByText(t('desk.ask.bound')))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-ask')
  await counselor.presses(t('desk.ask.do'), dialog)
  const note = supervisor.page.locator('.call-note')
  await note.first().waitFor()
  await note.first().click()
  const mirror = supervisor.page.locator('aside.side')
  await supervisor.sees(mirror.getByText('老师好，最近总是睡不好。'))
  expect(await mirror.locator('.composer').count(), 'the mirror is for reading alone').toBe(0)

  await says(visitor, '大概是从期中考试以后开始的。')
  await supervisor.sees(mirror.getByText('大概是从期中考试以后开始的。'))
  await says(supervisor, '先听着，不急着给建议。', supervisor.page.locator('section.talk'))
  await counselor.sees(beside().getByText('先听着，不急着给建议。'))
  await says(counselor, '好的，我先陪着说说。', beside())
  await supervisor.sees(supervisor.page.locator('section.talk').getByText('好的，我先陪着说说。'))
  await says(counselor, '谢谢你告诉我。期中以后，最让你放心不下的是什么？', counselor.page.locator('section.talk'))
  await supervisor.sees(mirror.getByText('最让你放心不下的是什么？'))
  await visitor.sees(ofVisitor().getByText('最让你放心不下的是什么？'))
  expect(await wordsIn(ofVisitor()), 'the visitor hears nothing of the supervisor').not.toContain('先听着，不急着给建议。')
  await counselor.hasNoBarriers()
  await pictures(counselor, 'counselor-chat')
  await supervisor.hasNoBarriers()
  await pictures(supervisor, 'supervisor-mirror')
})

test('The counselor ends it and notes what it was about', async () => {
  await counselor.presses(t('desk.end.button'))
  await counselor.presses(t('desk.end.do'), counselor.page.locator('.el-message-box'))
  await visitor.sees(t('visitor.rate.title'))
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-rate')
  const ending = counselor.page.locator('section.talk .ending')
  await ending.locator('.el-select').click()
  await counselor.page.getByRole('option', { name: '睡眠问题' }).click()
  await counselor.page.keyboard.press('Escape')
  await ending.locator('textarea').fill('期中后失眠，下次谈谈复习的安排。')
  await counselor.presses(t('desk.note.save'))
  await counselor.sees(ending.locator('.kept', { hasText: '睡眠问题' }))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-ended')
})

test('The visitor gives stars, and finds the talk in the history', async () => {
  await visitor.page.locator('.el-rate__item').nth(3).click()
  await visitor.presses(t('visitor.rate.submit'))
  await visitor.sees(t('visitor.choose.lead'))
  await visitor.page.getByRole('link', { name: t('visitor.tab.history') }).click()
  await visitor.page.getByRole('link', { name: COUNSELOR }).first().click()
  await visitor.sees(ofVisitor().getByText('老师好，最近总是睡不好。'))
  await visitor.sees(visitor.page.getByRole('img', { name: t('visitor.rate.stars', { n: 4 }) }))
  await visitor.hasNoBarriers()
  await visitor.shoots('zh-visitor-past')
})

test('The record shows it all, and the export has the words', async () => {
  const { page } = counselor
  await page.getByRole('link', { name: t('admin.menu.records') }).click()
  await page.getByRole('row', { name: new RegExp(VISITOR) }).getByRole('link').first().click()
  await counselor.sees(page.getByText('期中后失眠，下次谈谈复习的安排。'))
  await counselor.sees(page.getByText('先听着，不急着给建议。'))
  await counselor.sees(page.getByRole('log').getByText('老师好，最近总是睡不好。'))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-counselor-record')

  await counselor.presses(t('admin.export.do'))
  const dialog = page.getByRole('dialog')
  const download = page.waitForEvent('download')
  await counselor.presses(t('admin.export.do'), dialog)
  const words = await readFile(await (await download).path(), 'utf8')
  expect(words).toContain('老师好，最近总是睡不好。')
  expect(words).toContain('愿意说说从什么时候开始的吗？')
  expect(words, 'what was taken back is gone').not.toContain('说错了一句')
})

test('The administrator sees the day in figures and charts', async () => {
  const administrator = await at().staff('ecnu_admin', { size: { width: 1280, height: 1180 } })
  await administrator.sees(administrator.page.locator('main canvas, main [_echarts_instance_]'))
  await administrator.hasNoBarriers()
  await pictures(administrator, 'overview')
})

test('All three servers were asked', () => {
  const { taken } = at().server
  expect(taken).toHaveLength(SERVERS)
  // By chance alone one of them gets fewer in less than one of a million stories.
  expect(Math.min(...taken), taken.join()).toBeGreaterThan(10)
})
