// Every page of everybody, in both languages: nothing complains, nothing is cut off, nothing is left untranslated.

import { expect, test } from 'vitest'
import type { Language } from '../src/i18n'
import { barriersOn } from './support/barriers'
import { hotline } from './support/hotline'
import { LARGE, PHONE, SMALL, type Someone } from './support/someone'
import { GROUPS, t } from './support/words'

const at = hotline('menus')
const LANGUAGES: Language[] = ['zh', 'en']
const UNTRANSLATED = new RegExp(`\\b(${GROUPS.join('|')})\\.[a-zA-Z]+(\\.[a-zA-Z]+)*\\b|\\{\\w+\\}`)

/** Looks at the page as it stands, and keeps how it looks. */
async function looks(someone: Someone, name: string, isKept = true): Promise<void> {
  await someone.isAtRest()
  const { page } = someone
  const tooWide = await page.evaluate(() => {
    const frames = [document.documentElement, ...document.querySelectorAll('main, .screen, .phone, .el-dialog, .el-drawer__body, .card')]
    return frames.filter((frame) => frame.scrollWidth > frame.clientWidth + 1)
      .map((frame) => `${frame.tagName}.${frame.className} is ${frame.scrollWidth} wide in ${frame.clientWidth}`)
  })
  expect.soft(tooWide, `${name}: wider than the window`).toEqual([])
  expect.soft((await page.locator('body').innerText()).match(UNTRANSLATED)?.[0], `${name}: untranslated`).toBeUndefined()
  // Neither the language nor a larger window changes what has a label and what can be told apart.
  if (name.startsWith('zh') && !name.endsWith('-1920')) expect.soft(await barriersOn(page), `${name}: who sees little or uses no mouse`).toEqual([])
  if (isKept) await someone.shoots(name)
}

/** What is behind the first click on some pages, for whoever has that click. */
const BEHIND: Record<string, (someone: Someone, language: Language) => Promise<void>> = {
  records: async ({ page }) => {
    await page.locator('tbody tr').first().getByRole('link').first().click()
    await page.locator('.talks').waitFor()
  },
  staff: (someone, language) => someone.presses(t('admin.person.add.COUNSELOR', {}, language)),
  console: (someone, language) => someone.presses(t('admin.person.addOffice', {}, language)),
  shifts: (someone, language) => someone.presses(t('admin.shifts.week', {}, language)),
}

const OPENED_BY: Record<string, string> = { shifts: 'ecnu_admin', staff: 'ecnu_admin', console: 'admin' }

test.each(['zixunshi1', 'dudao1', 'ecnu_admin', 'admin'])('Every page of the menu of %s', async (username) => {
  for (const language of LANGUAGES) {
    const someone = await at().comes(username, { language })
    const { page, server } = someone
    await page.goto(`${server.url}/`)
    await someone.sees(page.locator('input[name=username]'))
    if (username === 'admin') await looks(someone, `${language}-login`)
    await page.locator('input[name=username]').fill(username)
    await page.locator('input[name=password]').fill('hotline-demo')
    await page.locator('button[type=submit]').click()
    await someone.sees(page.locator('nav.menu'))
    const paths = await page.locator('nav.menu a').evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).hash))
    expect(paths.length).toBeGreaterThan(0)
    for (const path of [...paths, '#/profile']) {
      const name = path.slice(2) || 'home'
      const entry = page.locator(`nav.menu a[href="${path}"]`)
      for (const size of [LARGE, SMALL]) {
        await page.setViewportSize(size)
        if (await entry.count() > 0) await entry.click()
        else await page.goto(`${server.url}/${path}`)
        await someone.sees(page.locator('main').locator('h1, .desk'))
        await looks(someone, `${language}-${username}-${name}${size === LARGE ? '-1920' : ''}`, size === SMALL || language === 'zh')
      }
      const behind = BEHIND[name]
      if (behind !== undefined && (OPENED_BY[name] ?? username) === username) {
        await behind(someone, language)
        await looks(someone, `${language}-${username}-${name}-open`)
        await page.keyboard.press('Escape')
        await page.goto(`${server.url}/#/`)
      }
    }
    expect(someone.surprises).toEqual([])
    await at().leaves(someone)
  }
})

test('Every page of the visitor', async () => {
  for (const language of LANGUAGES) {
    const someone = await at().visitor('fangke2', { language })
    const { page, server } = someone
    const open = async (hash: string, name: string): Promise<void> => {
      await page.goto(`${server.url}/visitor#${hash}`)
      await looks(someone, `${language}-visitor-${name}`)
    }
    await someone.sees(page.locator('.counselor'))
    await open('/', 'choose')
    await page.locator('.counselor').first().click()
    await someone.sees(page.locator('.sheet'))
    await looks(someone, `${language}-visitor-sheet`)
    await someone.presses(t('button.cancel', {}, language), page.locator('.sheet'))
    await open('/history', 'history')
    await page.locator('a.talk').first().click()
    await looks(someone, `${language}-visitor-past`)
    await open('/me', 'me')
    expect(someone.surprises).toEqual([])
    await at().leaves(someone)

    const newcomer = await at().comes('newcomer', { size: PHONE, language })
    await newcomer.page.goto(`${server.url}/visitor`)
    await newcomer.sees(newcomer.page.locator('form'))
    await looks(newcomer, `${language}-visitor-consent`)
    await newcomer.presses(t('visitor.consent.decline', {}, language))
    await looks(newcomer, `${language}-visitor-declined`)
    expect(newcomer.surprises).toEqual([])
    await at().leaves(newcomer)
  }
})
