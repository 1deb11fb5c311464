// Long talks and quick clicks: everything arrives, once, in order. Times are only printed: a machine that is busy beside us
// says nothing about the pages.

import { beforeAll, expect, test } from 'vitest'
import { Crowd } from './support/crowd'
import { hotline } from './support/hotline'
import { wordsIn, type Someone } from './support/someone'
import { t } from './support/words'

const at = hotline('long')
const MESSAGES = 1000
const BUBBLES_MAX = 80
const CLICKS = 20
const CROWD = 40
/** Two words a second: less than half of what one socket may say. */
const CROWD_EVERY_MS = 500
const CLICKS_IN_CROWD = 40
let visitor: Someone
let counselor: Someone

beforeAll(async () => {
  counselor = await at().staff('zixunshi1')
  await counselor.isConnected()
  visitor = await at().visitor('long')
  await visitor.page.locator('.anyone').click()
  await visitor.sees(visitor.page.locator('.composer'))
  // Said in the last hour, one after another, some of it at length.
  await at().sql(`insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body)
    select gen_random_uuid(), c.institution, c.id, case when n % 3 = 0 then k.username else v.username end,
           case when n % 3 = 0 then v.username else k.username end, 'long-' || n, n, n, c.started_at - (${MESSAGES} - n) * 3000, c.started_at,
           jsonb_build_array(jsonb_build_object('MsgType', 'TIMTextElem', 'MsgContent', jsonb_build_object('Text', '第 ' || n || ' 句。' || repeat('说来话长。', n % 17))))
    from conversations c join people v on v.id = c.visitor join people k on k.id = c.counselor, generate_series(1, ${MESSAGES}) n
    where c.status = 'IN_PROGRESS'`)
  await counselor.page.locator('.call-note').first().click()
  await counselor.sees(counselor.page.locator('.composer'))
})

test('A talk of a thousand messages scrolls smoothly from end to start and back', async () => {
  const { page } = counselor
  await page.reload()
  await counselor.sees(page.getByText(`第 ${MESSAGES} 句。`))
  const log = page.locator('section.talk').getByRole('log')
  const scrolled = await log.evaluate(async (scroller) => {
    const frames: number[] = []
    let bubbles = 0
    const through = async (to: number): Promise<void> => {
      let before = performance.now()
      for (let stuck = 0, last = -1; stuck < 3;) {
        scroller.scrollTop += Math.sign(to) * 600
        await new Promise(requestAnimationFrame)
        const now = performance.now()
        frames.push(now - before)
        before = now
        bubbles = Math.max(bubbles, scroller.querySelectorAll('.said').length)
        stuck = scroller.scrollTop === last ? stuck + 1 : 0
        last = scroller.scrollTop
      }
    }
    await through(-1)
    const first = scroller.querySelector('.bubble')?.textContent ?? ''
    await through(1)
    const last = [...scroller.querySelectorAll('.bubble')].at(-1)?.textContent ?? ''
    return { frames, bubbles, first, last }
  })
  const sorted = [...scrolled.frames].sort((a, b) => a - b)
  const slow = sorted.filter((time) => time > 50).length
  console.log(`    ${sorted.length} frames through ${MESSAGES} messages and back: median ${sorted[sorted.length >> 1]?.toFixed(0)} ms, `
    + `longest ${sorted.at(-1)?.toFixed(0)} ms, ${slow} over 50 ms; at most ${scrolled.bubbles} messages in the page`)
  expect(scrolled.first).toMatch(/^第 1 句。/)
  expect(scrolled.last).toMatch(new RegExp(`^第 ${MESSAGES} 句。`))
  expect(scrolled.bubbles).toBeLessThan(BUBBLES_MAX)
})

/** How long what the counselor says takes to the visitor's screen, from click to click; sorted. */
async function clicks(number: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 1; n <= number; n += 1) {
    const words = `快答 ${n}，共 ${number}`
    await counselor.page.locator('.composer textarea').fill(words)
    const shown = visitor.page.evaluate((expected) => new Promise<number>((resolve) => {
      const look = (): void => {
        if ([...document.querySelectorAll('.bubble')].some((bubble) => bubble.textContent === expected)) resolve(Date.now())
        else requestAnimationFrame(look)
      }
      look()
    }), words)
    const clicked = await counselor.page.locator('.composer button', { hasText: t('chat.send') }).evaluate((button) => {
      const now = Date.now();
      (button as HTMLButtonElement).click()
      return now
    })
    times.push(await shown - clicked)
  }
  return times.sort((a, b) => a - b)
}

function tell(times: number[], among: string): void {
  const [median, slow] = [times[times.length >> 1], times[Math.floor(times.length * 0.9)]]
  console.log(`    a click of the counselor is on the visitor's screen, ${among}, after ${median} ms (median), ${slow} ms (nine of ten), ${times.at(-1)} ms at most`)
}

/** Only what is near the window is in the page: the last of them. */
const LAST = 5
const lastAnswers = (total: number): string[] => Array.from({ length: LAST }, (_, n) => `快答 ${total - LAST + n + 1}，共 ${total}`)

/** Both see the last of what was clicked, each once and in order. */
async function areInOrder(total: number): Promise<void> {
  for (const { page } of [visitor, counselor]) {
    await expect.poll(async () => (await wordsIn(page.getByRole('log').first())).slice(-LAST)).toEqual(lastAnswers(total))
  }
}

test('What the counselor says is on the visitor\'s screen by itself, all of it in order', async () => {
  tell(await clicks(CLICKS), 'with nobody else there')
  await areInOrder(CLICKS)
})

test('Also while forty others talk', async () => {
  const crowd = await Crowd.gathers(at(), ['zixunshi2', 'zixunshi3'], CROWD)
  await crowd.begins(CROWD_EVERY_MS)
  const times = await clicks(CLICKS_IN_CROWD)
  const { said, asked, seconds } = await crowd.stops()
  tell(times, `among ${(said / seconds).toFixed(0)} words and ${(asked / seconds).toFixed(0)} questions a second`)
  await areInOrder(CLICKS_IN_CROWD)
  expect(said, 'the others talk, too').toBeGreaterThan(CROWD)
  const kept = Number(await at().sql('select count(*) from messages where body::text like \'%人群里的第%\''))
  expect(kept, 'nothing that was acknowledged is missing').toBeGreaterThanOrEqual(said)
})
