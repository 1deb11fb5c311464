// The desk and the homes in every window that people have: a laptop enlarged to 150 and 200 %, a tablet, a phone. Nothing lies
// upon anything else, nothing is cut off, nothing but what scrolls by design scrolls, and no words stand one letter a line.

import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { hotline } from './support/hotline'
import { PHONE, UNTOUCHED, type Someone } from './support/someone'
import { t } from './support/words'

/** No alarm comes between, however slow the machine is. */
const at = hotline('sizes', undefined, { HOTLINE__DISPATCH__UNANSWERED_SECONDS: '[3600]' })
/** 1366 by 768 is what most laptops have; less what the browser itself takes. */
const SIZES = [
  { width: 1366, height: 650 }, { width: 911, height: 433 }, { width: 683, height: 325 }, { width: 820, height: 1180 }, { width: 390, height: 844 },
]
const PHONES = [PHONE, { width: 360, height: 740 }]
let counselor: Someone
let supervisor: Someone
let visitor: Someone
let administrator: Someone

/** What is wrong with how the page lies there: everything somebody reads or presses is where they can. */
async function faults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth + 1) found.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`)
    if (root.scrollHeight > root.clientHeight + 1) found.push(`the page is ${root.scrollHeight} high in ${root.clientHeight}`)
    for (const box of document.querySelectorAll('main, main section, main aside, main nav, main .card, header.head, .el-dialog')) {
      if (box.checkVisibility() && box.scrollWidth > box.clientWidth + 1) found.push(`${box.tagName}.${box.className} is ${box.scrollWidth} wide in ${box.clientWidth}`)
    }
    const dialog = [...document.querySelectorAll('[role=dialog][aria-modal=true]')].findLast((one) => one.checkVisibility())
    const isUnseen = (one: Element): boolean => one.closest('.unseen, .skip, [aria-hidden=true]') !== null
    const named = (one: Element): string => `${one.tagName.toLowerCase()} '${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 24)}'`
    const all = [...(dialog ?? document.body).querySelectorAll<HTMLElement>('a[href], button, input:not([type=file]), textarea, h1')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !isUnseen(one))
    for (const one of all) {
      one.scrollIntoView({ block: 'nearest', inline: 'nearest' })
      const { left, top, width, height } = one.getBoundingClientRect()
      if (width === 0 || height === 0) continue
      if (left < -1 || left + width > root.clientWidth + 1) found.push(`${named(one)} leaves the window`)
      const [x, y] = [left + width / 2, top + height / 2]
      const there = document.elementFromPoint(x, y)
      const around = one.closest('label, .el-input, .el-textarea, .el-select, .el-switch, .el-radio, .el-input-number') ?? one
      if (there === null || !(around.contains(there) || there.contains(one))) found.push(`${named(one)} is below ${there === null ? 'the edge' : named(there)}`)
    }
    // What is scrolled out of its frame lies upon nothing.
    const seenOf = (one: Element): { left: number, top: number, right: number, bottom: number } => {
      let { left, top, right, bottom } = one.getBoundingClientRect()
      for (let frame = one.parentElement; frame !== null; frame = frame.parentElement) {
        if (getComputedStyle(frame).overflow === 'visible') continue
        const its = frame.getBoundingClientRect()
        left = Math.max(left, its.left)
        top = Math.max(top, its.top)
        right = Math.min(right, its.right)
        bottom = Math.min(bottom, its.bottom)
      }
      return { left, top, right, bottom }
    }
    const boxes = all.filter((one) => one.matches('a[href], button, textarea, h1')).map((one) => ({ one, box: seenOf(one) }))
    for (const [at, { one, box }] of boxes.entries()) {
      for (const { one: other, box: its } of boxes.slice(at + 1)) {
        if (one.contains(other) || other.contains(one)) continue
        const [across, down] = [Math.min(box.right, its.right) - Math.max(box.left, its.left), Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top)]
        if (across > 2 && down > 2) found.push(`${named(one)} and ${named(other)} overlap`)
      }
    }
    // Two letters side by side are the least that is read as words; a number is never broken.
    const texts = document.createTreeWalker(dialog ?? document.body, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
      const [words, around] = [(text.textContent ?? '').trim(), text.parentElement]
      if (words.length < 2 || around === null || !around.checkVisibility({ visibilityProperty: true }) || isUnseen(around)) continue
      // One pixel: only read aloud.
      if (around.getBoundingClientRect().width < 2) continue
      const range = document.createRange()
      range.selectNodeContents(text)
      const lines = [...range.getClientRects()].filter(({ width }) => width > 0)
      const least = 2 * Number.parseFloat(getComputedStyle(around).fontSize)
      if (lines.length > 1 && (Math.max(...lines.map(({ width }) => width)) < least - 1 || /^\d+$/.test(words))) found.push(`'${words.slice(0, 24)}' is broken into ${lines.length} lines`)
    }
    return [...new Set(found)]
  })
}

async function looks(someone: Someone, name: string): Promise<void> {
  await someone.isAtRest()
  const { width } = someone.page.viewportSize() ?? { width: 0 }
  expect.soft(await faults(someone.page), `${name} at ${width}`).toEqual([])
  await someone.page.evaluate(() => { document.querySelectorAll('main, main *').forEach((one) => { if (!one.matches('[role=log], [role=log] *')) one.scrollTo(0, 0) }) })
  await someone.shoots(`sizes/${name}-${width}`)
}

beforeAll(async () => {
  counselor = await at().staff('zixunshi1', { script: UNTOUCHED })
  supervisor = await at().staff('dudao1', { script: UNTOUCHED })
  await counselor.isConnected()
  await supervisor.isConnected()
  administrator = await at().staff('ecnu_admin', { script: UNTOUCHED })
  await administrator.isConnected()
  visitor = await at().visitor('sizes')
  await visitor.page.locator('.anyone').click()
  await visitor.page.locator('.composer textarea').fill('最近总是睡不好，白天也提不起精神，想和您聊一聊。')
  await visitor.presses(t('chat.send'))
  await counselor.page.locator('.call-note').first().click()
  await counselor.sees(counselor.page.getByRole('log').getByText('最近总是睡不好'))
  await counselor.presses(t('desk.ask.button'), counselor.page.locator('.actions'))
  await counselor.presses(t('desk.ask.do'), counselor.page.getByRole('dialog'))
  await supervisor.page.locator('.call-note').first().click()
  await supervisor.sees(supervisor.page.locator('.side').getByText('最近总是睡不好'))
})

async function counselorAt(size: typeof SIZES[number]): Promise<void> {
  const { page } = counselor
  await page.setViewportSize(size)
  await page.goto(`${at().server.url}/#/`)
  await counselor.sees(page.locator('main h1'))
  await looks(counselor, 'counselor-home')
  await page.goto(`${at().server.url}/#/chat`)
  await counselor.sees(page.locator('[data-talk]'))
  await looks(counselor, 'counselor-list')
  await page.locator('[data-talk]').first().click()
  await counselor.sees(page.locator('section.talk .composer'))
  await looks(counselor, 'counselor-talk')
  const isNarrow = size.width < 1100
  expect(await page.locator('nav.list').isVisible(), 'two steps, or columns').toBe(!isNarrow)
  for (const side of ['visitor', 'supervise'] as const) {
    const tab = page.locator('section.talk .head').getByRole('button', { name: t(`desk.${side}.title`) })
    if (await tab.getAttribute('aria-pressed') === 'false') await tab.click()
    await counselor.sees(page.locator('aside.side'))
    await looks(counselor, `counselor-${side}`)
    if (isNarrow) {
      expect(await page.locator('section.talk').count()).toBe(0)
      await counselor.presses(t('desk.talk.back'))
      await counselor.sees(page.locator('section.talk .composer'))
    }
  }
  if (isNarrow) {
    await counselor.presses(t('button.more'))
    await counselor.sees(page.getByRole('menuitem', { name: t('desk.end.button') }))
    await page.keyboard.press('Escape')
    await counselor.presses(t('desk.list.back'))
    await counselor.sees(page.locator('nav.list'))
  }
}

async function supervisorAt(size: typeof SIZES[number]): Promise<void> {
  const { page } = supervisor
  await page.setViewportSize(size)
  await page.goto(`${at().server.url}/#/`)
  await supervisor.sees(page.locator('main h1'))
  await looks(supervisor, 'supervisor-home')
  await page.goto(`${at().server.url}/#/chat`)
  await page.locator('[data-talk]').first().click()
  await supervisor.sees(page.locator('section.talk .composer'))
  await looks(supervisor, 'supervisor-talk')
  if (size.width < 1100) {
    await supervisor.presses(t('desk.mirror.title'))
    await supervisor.sees(page.locator('aside.side').getByRole('log'))
    await looks(supervisor, 'supervisor-mirror')
    await supervisor.presses(t('desk.talk.back'))
    await supervisor.sees(page.locator('section.talk .composer'))
  }
}

test('The counselor\'s home and desk lie well in every window', async () => {
  for (const size of SIZES) await counselorAt(size)
})

test('The supervisor\'s home and desk lie well in every window', async () => {
  for (const size of SIZES) await supervisorAt(size)
})

async function administratorAt(size: typeof SIZES[number]): Promise<void> {
  const { page } = administrator
  await page.setViewportSize(size)
  for (const name of ['overview', 'staff', 'shifts', 'visitors', 'records']) {
    await page.goto(`${at().server.url}/#/${name}`)
    await administrator.sees(page.locator('main h1'))
    await administrator.sees(page.locator('main table'))
    await looks(administrator, `administrator-${name}`)
  }
}

test('The administrator\'s home and lists lie well in every window', async () => {
  for (const size of SIZES) await administratorAt(size)
})

test('On a phone the administrator sees of whoever is online what they carry, without moving the table', async () => {
  const { page } = administrator
  await page.setViewportSize(PHONE)
  await page.goto(`${at().server.url}/#/overview`)
  const seats = page.getByRole('table', { name: t('admin.overview.online') })
  await administrator.sees(seats.locator('.figure'))
  for (const figure of await seats.locator('.presence, .figure').all()) {
    const { x, width } = await figure.boundingBox() ?? { x: 0, width: 0 }
    expect.soft(x + width, await figure.innerText()).toBeLessThanOrEqual(PHONE.width)
  }
})

test('The head is whole on a phone right after a reload, while the page may not sound yet', async () => {
  for (const someone of [counselor, supervisor, administrator]) {
    const { page } = someone
    for (const size of PHONES) {
      await page.setViewportSize(size)
      await page.reload()
      await someone.isConnected()
      await someone.sees(page.getByRole('button', { name: t('desk.bell.loudness.blocked') }))
      await looks(someone, `${someone.name}-reloaded`)
      await page.locator('.head .account').click()
      await someone.sees(page.getByRole('menuitem', { name: t('account.logOut') }))
      await page.keyboard.press('Escape')
    }
  }
})

test('On a phone the menu comes when it is called, and every window has the dialogs whole', async () => {
  const { page } = counselor
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(`${at().server.url}/#/`)
  await counselor.presses(t('menu.open'))
  await counselor.sees(page.locator('nav.menu a[href="#/chat"]'))
  await counselor.shoots('sizes/menu-390')
  await page.locator('nav.menu a[href="#/chat"]').click()
  await counselor.sees(page.locator('nav.list'))
  await counselor.seesNoMore(page.locator('nav.menu'))
  for (const size of SIZES) {
    await page.setViewportSize(size)
    await page.keyboard.press('?')
    await counselor.sees(page.getByRole('dialog', { name: t('keys.title') }))
    await looks(counselor, 'keys')
    await page.keyboard.press('Escape')
    await counselor.seesNoMore(page.getByRole('dialog'))
    await counselor.presses(t('desk.capacity.title'))
    await looks(counselor, 'capacity')
    await page.keyboard.press('Escape')
    await counselor.seesNoMore(page.getByRole('dialog'))
  }
})

test('A visitor on a phone sees the whole of the waiting, and the way out of it, without scrolling', async () => {
  const waiting = await at().visitor('waits')
  const { page } = waiting
  // One counselor has no place left, the other is not there.
  await counselor.page.evaluate(() => fetch('/user/maxconsults', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ maxConsults: 1 }),
  }).then(() => undefined))
  for (const [name, whom] of Object.entries({ full: page.locator('.counselor', { hasText: '林晓雨' }), away: page.locator('.counselor').last() })) {
    await whom.click()
    await waiting.presses(t('visitor.choose.wait'))
    await waiting.sees(t('visitor.waiting.title'))
    await waiting.isAtRest()
    await waiting.shoots(`sizes/visitor-waiting-${name}`)
    const tabs = await page.locator('nav.tabs').boundingBox()
    const out = await waiting.button(t('visitor.waiting.cancel')).boundingBox()
    expect((out?.y ?? Infinity) + (out?.height ?? 0)).toBeLessThanOrEqual(tabs?.y ?? 0)
    await waiting.presses(t('visitor.waiting.cancel'))
    await waiting.presses(t('visitor.waiting.cancel'), page.getByRole('dialog'))
  }
})

test('The head is whole on a phone while the connection is lost', async () => {
  for (const someone of at().people) {
    someone.expects(/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_SOCKET_NOT_CONNECTED/, /WebSocket connection .* failed/)
  }
  await at().server.kill()
  for (const someone of [counselor, supervisor, administrator]) {
    await someone.isConnected('waiting')
    for (const size of PHONES) {
      await someone.page.setViewportSize(size)
      // It is never at rest, for it tries again; and charts follow the window a moment later.
      await expect.poll(() => faults(someone.page), { message: `${someone.name} at ${size.width}` }).toEqual([])
      await someone.shoots(`sizes/${someone.name}-lost-${size.width}`)
    }
  }
})
