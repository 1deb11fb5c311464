// Whoever leaves a shared computer leaves nothing of a talk behind; whoever only lost their log-in finds what they wrote.

import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { logIn, PASSWORD, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('leaving')
const DRAFT = '这句话还没有发出去。'
let counselor: Someone

const composer = (page: Page) => page.locator('section.talk .composer textarea')
/** What this browser keeps of ours, without the device's own. */
const kept = (page: Page): Promise<string[]> => page.evaluate(() =>
  [...Object.keys(sessionStorage), ...Object.keys(localStorage)].filter((key) => /^hotline\.(?!language|muted|cleared)/.test(key)))

async function logsOut({ page }: Someone): Promise<void> {
  await page.locator('button.account').click()
  await page.getByRole('menuitem', { name: t('account.logOut') }).click()
}

/** Fills in the log-in that is shown, wherever it leads. */
async function logsIn(someone: Someone, username: string): Promise<void> {
  await someone.page.locator('input[name=username]').fill(username)
  await someone.page.locator('input[name=password]').fill(PASSWORD)
  await someone.presses(t('login.submit'))
  await someone.sees(someone.page.locator('nav.menu'))
}

async function expires({ page, context }: Someone): Promise<void> {
  await context.clearCookies()
  // The page's own next question finds it out, if none has already.
  await page.locator('nav.menu a, input[name=username]').first().click()
  await page.locator('input[name=username]').waitFor()
}

beforeAll(async () => {
  counselor = await at().staff('zixunshi1')
  counselor.expects(/\b403\b/)
  await counselor.isConnected()
  const visitor = await at().visitor('leaving')
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  await counselor.page.locator('.call-note').first().click()
  await composer(counselor.page).fill(DRAFT)
})

test('A dialog with something typed asks before it goes, and Escape within an input method closes nothing', async () => {
  const { page } = counselor
  await page.locator('button.account').click()
  await page.getByRole('menuitem', { name: t('account.changePassword') }).click()
  const dialog = page.getByRole('dialog', { name: t('account.changePassword') })
  const field = dialog.locator('input').first()
  await field.focus()

  // As an input method for Chinese does it: pinyin stands in the field, and Escape takes it back.
  const keyboard = await page.context().newCDPSession(page)
  await keyboard.send('Input.imeSetComposition', { text: 'ni', selectionStart: 2, selectionEnd: 2 })
  await keyboard.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Process', code: 'Escape', windowsVirtualKeyCode: 229 })
  await keyboard.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Escape', code: 'Escape', windowsVirtualKeyCode: 27 })
  await keyboard.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 })
  await field.fill('something')
  await counselor.sees(dialog)

  const question = page.locator('.el-message-box', { hasText: t('unsaved.text') })
  await page.keyboard.press('Escape')
  await counselor.sees(question)
  await counselor.presses(t('unsaved.stay'), question)
  await counselor.seesNoMore(question)
  expect(await field.inputValue()).toBe('something')
  await counselor.presses(t('button.cancel'), dialog)
  await counselor.presses(t('unsaved.discard'), question)
  await counselor.seesNoMore(dialog)
})

test('After an expiry the log-in says so, and the same person is where they were, with what they wrote', async () => {
  const { page, context } = counselor
  const [where] = page.url().split('?')
  const beside = page.getByRole('button', { name: t('desk.visitor.title'), exact: true })
  await beside.click()
  await context.clearCookies()
  // What stands beside the talk is asked for anew.
  await beside.click()
  await page.locator('input[name=username]').waitFor()
  await counselor.sees(t('login.ended.expired'))
  await counselor.hasNoBarriers()
  await counselor.shoots('zh-login-expired')
  await logsIn(counselor, 'zixunshi1')
  await expect.poll(() => page.url()).toBe(`${where}?side=visitor`)
  await expect.poll(() => composer(page).inputValue()).toBe(DRAFT)
})

test('After an expiry another person finds nothing, and begins at their own home', async () => {
  const { page } = counselor
  await expires(counselor)
  await logsIn(counselor, 'zixunshi2')
  expect(new URL(page.url()).hash).toBe('#/')
  expect((await kept(page)).filter((key) => /draft|note|ticked/.test(key))).toEqual([])
  await logsOut(counselor)
  await counselor.sees(t('login.hello'))
})

test('A log-out by the button asks while somebody talks, leaves nothing, and takes the other windows along', async () => {
  const { page } = counselor
  await logIn(counselor, 'zixunshi1')
  await counselor.isConnected()
  await page.locator('nav.menu a[href="#/chat"]').click()
  await page.locator('[data-talk]').first().click()
  await composer(page).fill(DRAFT)
  const other = await counselor.context.newPage()
  await other.goto(page.url())
  await composer(other).fill(DRAFT)
  await page.bringToFront()

  await logsOut(counselor)
  const question = page.locator('.el-message-box')
  await counselor.sees(question.getByText(t('account.running.talks', { n: 1 })))
  await counselor.sees(question.getByText(t('account.drafts')))
  await counselor.presses(t('account.stay'), question)
  await counselor.seesNoMore(question)
  expect(await composer(page).inputValue()).toBe(DRAFT)
  await logsOut(counselor)
  await counselor.presses(t('account.logOut'), question)

  await counselor.sees(t('login.hello'))
  expect(new URL(page.url()).hash).toBe('#/login')
  expect(await kept(page)).toEqual([])
  await other.getByText(t('login.ended.elsewhere')).waitFor()
  expect(new URL(other.url()).hash).toBe('#/login?why=elsewhere')
  expect(await kept(other)).toEqual([])
  await other.close()
})

test('The log-in says that the password was changed elsewhere, and that an account is no longer active', async () => {
  const elsewhere = await at().staff('zixunshi3')
  const here = await at().staff('zixunshi3')
  here.expects(/\b403\b/)
  for (const someone of [elsewhere, here]) await someone.isConnected()
  await elsewhere.page.locator('button.account').click()
  await elsewhere.page.getByRole('menuitem', { name: t('account.changePassword') }).click()
  const dialog = elsewhere.page.getByRole('dialog', { name: t('account.changePassword') })
  for (const [at, typed] of [PASSWORD, 'another-password', 'another-password'].entries()) await dialog.locator('input').nth(at).fill(typed)
  await elsewhere.presses(t('button.save'), dialog)
  await here.sees(t('login.ended.password'))
  await elsewhere.isConnected()

  elsewhere.expects(/\b403\b/)
  const administrator = await at().staff('ecnu_admin')
  const id = (await at().sql('select id from people where username = \'zixunshi3\'')).replaceAll('-', '')
  await administrator.page.evaluate((path) => fetch(path, { method: 'POST' }), `${at().server.url}/user/ban/${id}`)
  await elsewhere.sees(t('login.ended.banned'))
})
