// One person, one presence: the same in all windows and at all machines, and gone with the log-out.

import { beforeAll, expect, test } from 'vitest'
import type { Presence } from '../src/api/types'
import { hotline } from './support/hotline'
import type { Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('presence')
let office: Someone
let home: Someone
let supervisor: Someone

const shown = ({ page }: Someone): Promise<string> => page.locator('.presence-switch button').innerText()
const readsAs = async (someone: Someone, selector: string): Promise<string> => await someone.page.locator(selector).getAttribute('aria-label') ?? ''
async function becomes(someone: Someone, presence: Presence): Promise<void> {
  await someone.page.locator('.presence-switch button').click()
  await someone.page.getByRole('menuitem', { name: t(`presence.${presence}`) }).click()
}
const row = () => supervisor.page.locator('table tr', { hasText: '林晓雨' })

beforeAll(async () => {
  supervisor = await at().staff('dudao1')
  office = await at().staff('zixunshi1')
  home = await at().staff('zixunshi1')
  for (const someone of [supervisor, office, home]) await someone.isConnected()
})

test('What is chosen in one window shows in all, and the buttons say their state', async () => {
  await becomes(office, 'busy')
  for (const someone of [office, home]) await expect.poll(() => shown(someone)).toBe(t('presence.busy'))
  expect(await readsAs(office, '.presence-switch button')).toBe(t('presence.now', { state: t('presence.busy') }))
  expect(await readsAs(office, 'button.account')).toBe(`${t('account.menu')}：林晓雨，${t('role.counselor')}`)
  expect(await readsAs(office, 'header.head .bell-button')).toBe(`${t('desk.bell.title')}：${t('desk.bell.none')}，${t('desk.bell.loudness.on')}`)
  const account = office.page.locator('button.account')
  expect(await account.getAttribute('aria-expanded')).toBe('false')
  await account.click()
  await expect.poll(() => account.getAttribute('aria-expanded')).toBe('true')
  await office.page.keyboard.press('Escape')
})

test('A window that was cut off and comes back changes nothing, and shows what was chosen meanwhile', async () => {
  home.expects(/ERR_INTERNET_DISCONNECTED/)
  await home.context.setOffline(true)
  await home.isConnected('waiting')
  await becomes(office, 'away')
  await expect.poll(() => shown(office)).toBe(t('presence.away'))
  await home.context.setOffline(false)
  await home.isConnected()
  await expect.poll(() => shown(home)).toBe(t('presence.away'))
  await home.page.reload()
  await home.isConnected()
  await expect.poll(() => shown(home)).toBe(t('presence.away'))
  await supervisor.sees(row().getByText(t('presence.away')))
})

test('Whoever logs out by the button is offline at once, in the other window of that browser, too', async () => {
  await at().leaves(home)
  const other = await office.context.newPage()
  await other.goto(`${at().server.url}/#/chat`)
  await other.locator('[data-status=open]').waitFor()
  await office.page.bringToFront()
  await office.page.locator('button.account').click()
  await office.page.getByRole('menuitem', { name: t('account.logOut') }).click()
  await office.sees(t('login.hello'))
  await other.getByText(t('login.ended.elsewhere')).waitFor()
  await supervisor.sees(row().getByText(t('presence.offline')))
})
