// The first day of a hotline, as docs/zh tells it, with a picture of every page that the guides speak of; and the guides in
// the product, whose pictures are there.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { CAN_LEAP, leaps, pictures } from './support/documents'
import { hotline } from './support/hotline'
import { logIn, UNTOUCHED, type Someone } from './support/someone'
import { t } from './support/words'

/** Long enough that the pages are seen without an alarm first. */
const ALARM_SECONDS = 20
const at = hotline('guides', undefined, {
  HOTLINE__DISPATCH__UNANSWERED_SECONDS: `[${ALARM_SECONDS}]`,
  HOTLINE__DISPATCH__UNANSWERED_EVERY_SECONDS: '3600',
  HOTLINE__SOCKETS__STATE_SECONDS: '1',
})
const COUNSELOR = '林晓雨'
const VISITOR = '小橘子'
const NEXT = '阿树'
/** Below what hangs down from the head. */
const EDGE = 12
const PAGE = { width: 1180, height: 760 }
/** A home with somebody who waits. */
const BOARD = { width: 1180, height: 930 }
/** What a drawer fills. */
const DRAWER = { width: 1180, height: 650 }
/** A whole month. */
const MONTH = { width: 1180, height: 1140 }
const DESK = { width: 1240, height: 720 }
/** A phone with as much of it as a picture needs. */
const PHONE = { width: 360, height: 700 }
let administrator: Someone
let counselor: Someone
let supervisor: Someone
let visitor: Someone
let next: Someone

const of = (someone: Someone, selector: string): Locator => someone.page.locator(selector)
/** Without the veil behind it. */
const dialog = ({ page }: Someone): Locator => page.locator('.el-dialog, .el-drawer').filter({ visible: true })
const popper = ({ page }: Someone): Locator => page.locator('.el-popper').filter({ visible: true })
const menu = async (someone: Someone, title: string): Promise<void> => {
  await of(someone, 'nav.menu').getByRole('link', { name: t(title) }).click()
  await someone.sees(someone.page.getByRole('heading', { level: 1, name: t(title) }))
}
async function says(someone: Someone, words: string, pane = 'body'): Promise<void> {
  const input = of(someone, `${pane} .composer textarea`)
  await input.fill(words)
  await input.press('Enter')
  await someone.sees(of(someone, pane).getByRole('log').getByText(words))
}

/** A visitor who reads, gives a name and agrees. */
async function agrees(code: string, name: string): Promise<Someone> {
  const one = await at().comes(code, { size: PHONE, storage: { 'hotline.visitor.code': code } })
  await one.page.goto(`${at().server.url}/visitor`)
  await of(one, 'form input').fill(name)
  const agree = of(one, 'form button[type=submit]')
  await expect.poll(() => agree.isEnabled()).toBe(true)
  if (code === 'guides') await pictures(one, 'zh/visitor-consent')
  await agree.click()
  await one.sees(t('visitor.choose.hello', { name }))
  return one
}

test('The administrator comes, and finds where everything is', async () => {
  administrator = await at().comes('ecnu_admin', { size: PAGE, script: CAN_LEAP })
  await administrator.page.goto(`${at().server.url}/#/login`)
  await of(administrator, 'input[name=username]').fill('ecnu_admin')
  await of(administrator, 'input[name=password]').fill('hotline-demo')
  await pictures(administrator, 'zh/login', [of(administrator, 'main.card')])
  await logIn(administrator)
  await administrator.isConnected()
  await of(administrator, 'header.head button').last().click()
  await administrator.sees(administrator.page.getByRole('menuitem', { name: t('help.title') }))
  await pictures(administrator, 'zh/administrator-menu', [of(administrator, '.shell > header'), popper(administrator)], EDGE)
  await administrator.page.keyboard.press('Escape')
})

test('They add people, bind them, and help whoever has forgotten a password', async () => {
  const { page } = administrator
  await menu(administrator, 'admin.menu.staff')
  await page.getByRole('row', { name: COUNSELOR }).getByRole('button', { name: t('admin.list.moreFor', { name: COUNSELOR }) }).click()
  await administrator.sees(page.getByRole('menuitem', { name: t('admin.person.setPassword') }))
  await pictures(administrator, 'zh/staff', [of(administrator, 'main .page'), popper(administrator)], EDGE)
  await page.getByRole('menuitem', { name: t('admin.person.setPassword') }).click()
  await administrator.sees(dialog(administrator))
  await pictures(administrator, 'zh/password', [dialog(administrator)])
  await administrator.presses(t('button.cancel'), dialog(administrator))

  await administrator.presses(t('admin.person.add.COUNSELOR'))
  const form = dialog(administrator)
  await form.getByLabel(t('login.username'), { exact: true }).fill('wangrui')
  await form.getByLabel(t('login.password'), { exact: true }).fill('a-first-word-1')
  await form.getByLabel(t('admin.person.field.name'), { exact: true }).fill('王睿')
  await form.locator('.wide .el-select').click()
  await page.getByRole('option', { name: '沈静宜' }).click()
  await form.getByLabel(t('admin.person.field.title'), { exact: true }).fill('咨询师')
  await administrator.seesNoMore(page.getByRole('option', { name: '沈静宜' }))
  await page.setViewportSize(DRAWER)
  await pictures(administrator, 'zh/staff-form', [form])
  await page.setViewportSize(PAGE)
  await administrator.presses(t('button.save'), form)
  await administrator.seesNoMore(form)
  await administrator.sees(page.getByRole('row', { name: '王睿' }))
})

test('They plan who is there, by the week and for a day', async () => {
  const { page } = administrator
  await menu(administrator, 'admin.menu.shifts')
  await administrator.presses(t('admin.shifts.week'))
  const week = dialog(administrator)
  await week.locator('.el-select').click()
  await page.getByRole('option', { name: '王睿' }).click()
  for (const day of [0, 2, 4]) await week.locator('.el-checkbox').nth(day).click()
  await pictures(administrator, 'zh/shift-week', [week])
  await administrator.presses(t('button.save'), week)
  await administrator.seesNoMore(week)
  await page.setViewportSize(MONTH)
  await pictures(administrator, 'zh/shifts', [of(administrator, 'main .page')])
  await page.setViewportSize(PAGE)
  await of(administrator, 'button.today').click()
  await administrator.sees(dialog(administrator).getByText(COUNSELOR))
  await page.setViewportSize(DRAWER)
  await pictures(administrator, 'zh/shift-day', [dialog(administrator)])
  await page.setViewportSize(PAGE)
  await page.keyboard.press('Escape')
  await administrator.seesNoMore(dialog(administrator))
})

test('They find records, and take a copy of some', async () => {
  await menu(administrator, 'admin.menu.records')
  const rows = of(administrator, 'main tbody tr')
  for (const row of [0, 1, 2]) await rows.nth(row).locator('.el-checkbox').click()
  await administrator.sees(t('admin.record.ticked', { n: 3 }))
  await pictures(administrator, 'zh/records', [of(administrator, 'main .page')])
  await administrator.presses(t('admin.record.exportTicked'))
  await administrator.sees(dialog(administrator))
  await pictures(administrator, 'zh/export', [dialog(administrator)])
  await administrator.presses(t('button.cancel'), dialog(administrator))
})

test('They look at what belonged to no conversation', async () => {
  await at().sql(`insert into unplaced_messages (id, institution, from_account, to_account, msg_key, said_at, received_at, reason, callback, bytes)
    select gen_random_uuid(), 'ecnu', 'sandbox_fangke1', 'zixunshi1', '1_1_1', at, at, 'after-the-end', jsonb_build_object('MsgTime', at / 1000,
      'MsgBody', '[{"MsgType":"TIMTextElem","MsgContent":{"Text":"老师，我还想再说一句：谢谢您。"}}]'::jsonb), 200
    from (select (extract(epoch from now()) * 1000)::bigint as at) as now`)
  await menu(administrator, 'admin.menu.unmatched')
  await administrator.sees('老师，我还想再说一句：谢谢您。')
  await pictures(administrator, 'zh/unmatched', [of(administrator, 'main .page')])
})

test('Who looks after the whole server has the accounts alone', async () => {
  const system = await at().staff('admin', { size: PAGE })
  await system.sees(of(system, 'main tbody tr'))
  await pictures(system, 'zh/accounts', [of(system, 'main .page')])
  await at().leaves(system)
})

test('A visitor comes and chooses; the counselor hears of it', async () => {
  supervisor = await at().staff('dudao1', { size: PAGE, script: CAN_LEAP })
  counselor = await at().staff('zixunshi1', { size: DESK, script: CAN_LEAP + UNTOUCHED })
  await counselor.page.reload()
  for (const someone of [supervisor, counselor]) await someone.isConnected()
  await counselor.sees(of(counselor, '.sound-off'))
  await pictures(counselor, 'zh/sound-off', [of(counselor, '.shell > header')])
  await of(counselor, '.sound-off').click()
  await counselor.seesNoMore(of(counselor, '.sound-off'))
  await of(counselor, '.presence-switch button').click()
  await counselor.sees(counselor.page.getByRole('menuitem', { name: t('presence.away') }))
  await pictures(counselor, 'zh/counselor-home')
  await counselor.page.keyboard.press('Escape')
  await of(counselor, 'main').focus()

  visitor = await agrees('guides', VISITOR)
  await visitor.page.getByRole('link', { name: t('visitor.tab.me') }).click()
  await visitor.page.getByText(t('visitor.me.female'), { exact: true }).click()
  const given = { 'visitor.me.age': '20', 'visitor.me.phone': '13812346789', 'visitor.me.contact': '妈妈', 'visitor.me.contactPhone': '13912345678' }
  for (const [label, value] of Object.entries(given)) await visitor.page.getByLabel(t(label), { exact: true }).fill(value)
  await visitor.presses(t('visitor.me.save'))
  await visitor.sees(t('visitor.me.saved'))
  await visitor.page.getByRole('link', { name: t('visitor.tab.home') }).click()
  await visitor.sees(of(visitor, '.counselor').getByText(COUNSELOR))
  await visitor.seesNoMore(t('visitor.me.saved'))
  await pictures(visitor, 'zh/visitor-choose')
  await of(visitor, '.counselor').filter({ hasText: COUNSELOR }).click()
  await visitor.presses(t('visitor.choose.start'))
  await visitor.sees(of(visitor, '.composer'))
  await counselor.sees(of(counselor, '.call-note'))
  await pictures(counselor, 'zh/counselor-called', [of(counselor, '.shell > header'), of(counselor, '.call-note')])
  await of(counselor, '.call-note').click()
  await counselor.sees(counselor.page.getByRole('heading', { name: VISITOR }))
})

test('They talk, with the next one in the line', async () => {
  await says(visitor, '老师好，最近总是睡不好。')
  await counselor.presses(t('desk.capacity.title'))
  await dialog(counselor).getByRole('spinbutton').fill('1')
  await counselor.presses(t('button.save'), dialog(counselor))
  await counselor.seesNoMore(dialog(counselor))
  await says(counselor, '你好，我在这里。愿意说说从什么时候开始的吗？', 'section.talk')
  next = await agrees('guides2', NEXT)
  await of(next, '.counselor').filter({ hasText: COUNSELOR }).click()
  await of(next, '.sheet').getByText(t('visitor.choose.fallback')).click()
  await next.presses(t('visitor.choose.wait'))
  await next.sees(t('visitor.waiting.next'))
  await pictures(next, 'zh/visitor-waiting')
  await says(visitor, '大概是期中考试以后。')
  await says(counselor, '期中以后，最让你放心不下的是什么？', 'section.talk')
  await counselor.sees(of(counselor, 'nav.list').getByText(NEXT))
  await leaps(counselor, 4)
  await counselor.sees(of(counselor, '.clocks').getByText(/0[45]:\d\d/))
  await pictures(counselor, 'zh/counselor-desk')
  await pictures(visitor, 'zh/visitor-talk')
  await of(visitor, 'details.help summary').click()
  await visitor.sees(of(visitor, '.help a').first())
  await pictures(visitor, 'zh/visitor-help')
  await of(visitor, 'details.help summary').click()
  await leaps(counselor, 0)
})

test('The counselor asks a supervisor, who sees who is there and who waits', async () => {
  await counselor.presses(t('desk.ask.button'), of(counselor, '.actions'))
  await counselor.sees(dialog(counselor).getByText(t('desk.ask.bound')))
  await pictures(counselor, 'zh/counselor-ask', [dialog(counselor)])
  await counselor.presses(t('desk.ask.do'), dialog(counselor))
  await supervisor.sees(of(supervisor, '.call-note'))
  await supervisor.sees(supervisor.page.getByRole('row', { name: NEXT }))
  await leaps(supervisor, 3)
  await supervisor.page.setViewportSize(BOARD)
  await pictures(supervisor, 'zh/supervisor-home')
  await supervisor.page.setViewportSize(PAGE)
  await leaps(supervisor, 0)
  await of(supervisor, '.call-note').click()
  await says(counselor, '对方睡不好，我接下来问什么好？', 'aside.side')
  await says(supervisor, '先听着，不急着给建议。', 'section.talk')
})

test('Who is not answered stands at the bell of all who can help', async () => {
  await says(visitor, '您还在吗？我有点撑不住了。')
  await of(counselor, 'nav.menu a[href="#/"]').click()
  for (const someone of [counselor, supervisor, administrator]) {
    await someone.sees(of(someone, '.bar.alarm .call-note').getByText(VISITOR))
    await leaps(someone, 2)
    await someone.sees(of(someone, '.bar.alarm .call-note').getByText('2'))
  }
  await of(counselor, '.bell-button').click()
  await counselor.sees(of(counselor, '.bell .call'))
  await pictures(counselor, 'zh/counselor-alarm', [of(counselor, '.shell > header'), of(counselor, '.bell-popper')], EDGE)
  await menu(administrator, 'menu.home')
  await of(administrator, '.bell-button').click()
  await administrator.sees(of(administrator, '.bell .call').getByText(VISITOR))
  await pictures(administrator, 'zh/administrator-alarm', [of(administrator, '.shell > header'), of(administrator, '.bell-popper')], EDGE)
  await of(supervisor, 'nav.menu a[href="#/"]').click()
  await supervisor.sees(t('desk.team.title'))
  await pictures(supervisor, 'zh/supervisor-alarm', [of(supervisor, '.shell > header'), of(supervisor, '.call-note')])
  for (const someone of [counselor, supervisor, administrator]) await leaps(someone, 0)
})

test('The counselor answers, ends it and notes what it was about', async () => {
  await counselor.page.keyboard.press('Escape')
  await of(counselor, '.bar.alarm .call-note').click()
  await says(counselor, '我在，刚才在记你说的话。我们慢慢来。', 'section.talk')
  await administrator.seesNoMore(of(administrator, '.bar.alarm'))
  await says(visitor, '嗯，说出来好多了，谢谢老师。')
  await counselor.presses(t('desk.end.button'))
  await counselor.presses(t('desk.end.do'), of(counselor, '.el-message-box'))
  await visitor.sees(t('visitor.rate.title'))
  await of(visitor, '.el-rate__item').nth(4).click()
  await pictures(visitor, 'zh/visitor-rate')
  await visitor.presses(t('visitor.rate.submit'))
  await visitor.sees(t('visitor.choose.lead'))
  const ending = of(counselor, 'section.talk .ending')
  await ending.locator('.el-select').click()
  await counselor.page.getByRole('option', { name: '睡眠问题' }).click()
  await counselor.page.keyboard.press('Escape')
  await ending.locator('textarea').fill('期中后失眠，下次谈谈复习的安排。')
  await pictures(counselor, 'zh/counselor-note', [of(counselor, 'section.talk')])
  await counselor.presses(t('desk.note.save'))
  await counselor.sees(ending.locator('.kept'))
})

test('Visitors are told apart by what they gave', async () => {
  await menu(administrator, 'admin.menu.visitors')
  await administrator.sees(of(administrator, 'main tbody').getByText('13812346789'))
  await pictures(administrator, 'zh/visitors', [of(administrator, 'main .page')])
})

test('The record has all of it', async () => {
  await menu(supervisor, 'admin.menu.records')
  await supervisor.page.getByRole('row', { name: VISITOR }).getByRole('link').first().click()
  await supervisor.sees('期中后失眠，下次谈谈复习的安排。')
  await pictures(supervisor, 'zh/record', [of(supervisor, 'main .page')])
})

/** Whose guide, and what it is called in the product. */
const GUIDES_AT = join(import.meta.dirname, '../../docs/zh')
const GUIDES = ['counselor', 'supervisor', 'administrator', 'first-day', 'operations']

test('The guides in the product show their pictures', async () => {
  const { page } = counselor
  for (const guide of GUIDES) {
    await page.goto(`${at().server.url}/#/help/${guide}`)
    await counselor.sees(page.getByRole('heading', { level: 1, name: t(`help.guide.${guide}`) }).last())
    await counselor.isAtRest()
    const images = await page.locator('article img').all()
    expect(images.length, guide).toBe(readFileSync(`${GUIDES_AT}/${guide}.md`, 'utf8').split('![').length - 1)
    for (const image of images) {
      await image.scrollIntoViewIfNeeded()
      const source = await image.getAttribute('src') ?? ''
      await expect.poll(() => image.evaluate((one) => (one as HTMLImageElement).naturalWidth), { message: `${guide}: ${source}` }).toBeGreaterThan(0)
    }
    await page.evaluate(() => { document.querySelector('main')?.scrollTo(0, 0) })
    await counselor.shoots(`guides/zh-${guide}`)
  }
})
