// Every end that a visitor did not choose is explained, with numbers to call and what to do next, until they have seen it.

import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('ends', undefined, { HOTLINE__DISPATCH__WAITING_SECONDS_MAX: '20', HOTLINE__DISPATCH__GRACE_SECONDS: '1' })
/** A server that has just started lets everybody wait for a minute more. */
const ENDED_MS_MAX = 100_000
const PHONE_SMALL = { width: 320, height: 568 }
let administrator: Someone
let counselor: Someone

/** What the administrator's page asks, as they would by a button. */
async function asks(method: string, path: string): Promise<unknown> {
  return administrator.page.evaluate(async ([how, where]) => {
    const answer = await fetch(where ?? '', { method: how, headers: { 'Content-Type': 'application/json' } })
    return (await answer.json() as { code: number }).code
  }, [method, path])
}

const idOf = (code: string): Promise<string> => at().sql(`select replace(id::text, '-', '') from people where username = 'sandbox_${code}'`)
const talkOf = (code: string): Promise<string> => at().sql(
  `select replace(id::text, '-', '') from conversations where visitor = (select id from people where username = 'sandbox_${code}') order by id desc limit 1`)

async function explains(someone: Someone, reason: string): Promise<void> {
  await someone.sees(t(`visitor.end.${reason}.why`))
  await someone.sees(t(`visitor.end.${reason}.next`))
  await someone.sees(someone.page.locator('#app a[href="tel:12356"]'))
}

/** The window is gone, and after a while there is another one. */
async function comesBack(someone: Someone): Promise<void> {
  await someone.page.close()
  await someone.opens('/visitor')
}

beforeAll(async () => {
  administrator = await at().staff('ecnu_admin')
})

test('An administrator\'s end is told, in a line as in a talk', async () => {
  const visitor = await at().visitor('ended')
  await visitor.page.locator('.anyone').click()
  await visitor.sees(t('visitor.waiting.title'))
  expect(await asks('POST', `/conversation/end/${await talkOf('ended')}`)).toBe(0)
  await explains(visitor, 'line.administrator')
  await visitor.presses(t('visitor.end.again'))

  counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  expect(await asks('POST', `/conversation/end/${await talkOf('ended')}`)).toBe(0)
  await explains(visitor, 'talk.administrator')
  await visitor.hasNoBarriers()
  await visitor.shoots('ends/zh-administrator')
  await visitor.page.setViewportSize(PHONE_SMALL)
  await visitor.shoots('ends/zh-administrator-small')
  await visitor.presses(t('visitor.end.again'))
  await visitor.sees(visitor.page.locator('.anyone'))
  await at().leaves(visitor)
})

test('Whoever is stopped in mid-talk is told calmly, with numbers, also after a reload, until they are let in again', async () => {
  const visitor = await at().visitor('stopped', { size: PHONE_SMALL })
  visitor.expects(/403/)
  await visitor.page.locator('.anyone').click()
  await visitor.page.locator('.composer textarea').fill('还没说完')
  expect(await asks('POST', `/user/ban/${await idOf('stopped')}`)).toBe(0)
  await visitor.sees(t('visitor.door.barred'))
  const says = (): Promise<string> => visitor.page.locator('body').innerText()
  expect(await says()).not.toMatch(/用户名|登录|禁用/)
  expect(await visitor.page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes('draft')))).toEqual([])
  await visitor.sees(visitor.page.locator('#app a[href="tel:12356"]'))
  await visitor.hasNoBarriers()
  await visitor.shoots('ends/zh-stopped')
  await visitor.page.reload()
  await visitor.sees(t('visitor.door.barred'))
  expect(await says()).not.toMatch(/用户名|登录|禁用/)
  expect(await asks('POST', `/user/active/${await idOf('stopped')}`)).toBe(0)
  await visitor.presses(t('state.again'))
  await explains(visitor, 'talk.banned')
  await at().leaves(visitor)
})

test('Whoever leaves a device leaves nothing on it', async () => {
  const visitor = await at().visitor('leaves')
  await visitor.page.locator('.anyone').click()
  await visitor.page.locator('.composer textarea').fill('写了一半')
  await visitor.page.goto(`${at().server.url}/visitor#/me`)
  await visitor.presses(t('visitor.me.leave'))
  await visitor.presses(t('visitor.me.leaveYes'), visitor.page.getByRole('dialog'))
  await visitor.sees(t('visitor.consent.title'))
  expect(await visitor.page.evaluate(() => [...Object.keys(sessionStorage), ...Object.keys(localStorage).filter((key) => key.startsWith('hotline.visitor.'))]))
    .toEqual(['hotline.visitor.emergency'])
  await at().leaves(visitor)
})

test('Whoever has waited too long is told so, and what to do; again until they have seen it', async () => {
  await at().leaves(counselor)
  await expect.poll(() => administrator.page.evaluate(async () =>
    (await (await fetch('/dispatch/now')).json() as { result: { online: unknown[] } }).result.online.length)).toBe(0)
  const visitor = await at().visitor('long-wait', { size: PHONE_SMALL })
  await visitor.page.locator('.anyone').click()
  await visitor.sees(t('visitor.waiting.title'))
  await visitor.page.getByText(t('visitor.end.line.waiting.why')).waitFor({ timeout: ENDED_MS_MAX })
  await explains(visitor, 'line.waiting')
  await visitor.hasNoBarriers()
  await visitor.shoots('ends/zh-waiting')
  await comesBack(visitor)
  await explains(visitor, 'line.waiting')
  await visitor.presses(t('visitor.end.again'))
  await visitor.sees(visitor.page.locator('.anyone'))
  await comesBack(visitor)
  await visitor.sees(visitor.page.locator('.anyone'))
  await at().leaves(visitor)
})

test('Whoever was away when the wait ended is told when they come back', async () => {
  const visitor = await at().visitor('away-wait', { language: 'en' })
  await visitor.page.locator('.anyone').click()
  await visitor.sees(t('visitor.waiting.title', {}, 'en'))
  await visitor.page.close()
  await expect.poll(() => at().sql(`select status from conversations where visitor = (select id from people where username = 'sandbox_away-wait')`), { timeout: ENDED_MS_MAX }).toBe('TIME_OUT')
  await visitor.opens('/visitor')
  await visitor.sees(t('visitor.end.line.waiting.why', {}, 'en'))
  await visitor.shoots('ends/en-waiting')
  await visitor.presses(t('visitor.end.seen', {}, 'en'))
  await visitor.sees(visitor.page.locator('.anyone'))
  await at().leaves(visitor)
})
