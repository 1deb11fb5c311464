import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { forgetClock, syncByAnswer, syncByEvent, onCorrected, passed, serverNow } from './clock'

const NOON = Date.parse('2026-11-24T12:00:00Z')
const YEAR = 365 * 86_400_000
let there = NOON

/** The device's clock says `wrong` more than the server's, from now on. */
function deviceIs(wrong: number): void {
  vi.setSystemTime(there + wrong)
}

/** So much time passes, for the server and the device alike. */
function wait(ms: number): void {
  there += ms
  vi.advanceTimersByTime(ms)
}

const headers = (date: number, more = {}): Headers => new Headers({ Date: new Date(date).toUTCString(), ...more })

/** Asks, and is answered after `way` there and `way` back. */
function ask(way = 50, answered = (at: number): Headers => headers(at)): void {
  const asked = passed()
  wait(way)
  const told = answered(there)
  wait(way)
  syncByAnswer(told, asked)
}

const wrongBy = (): number => Math.abs(serverNow() - there)

beforeEach(() => {
  there = NOON
  vi.useFakeTimers({ now: NOON })
  forgetClock()
})
afterEach(() => {
  vi.useRealTimers()
  forgetClock()
})

describe('the time at the server', () => {
  it('is that of the device before anything was told, and when the two do not differ', () => {
    expect(serverNow()).toBe(NOON)
    ask()
    expect(serverNow()).toBe(there)
    syncByAnswer(new Headers(), passed())
    syncByAnswer(new Headers({ Date: 'soon' }), passed())
    expect(serverNow()).toBe(there)
  })

  it.each([['a year ahead', YEAR], ['a year behind', -YEAR], ['five minutes ahead', 300_000], ['three seconds behind', -3000]])(
    'is the server\'s when the device is %s', (_, wrong) => {
      deviceIs(wrong)
      ask()
      expect(wrongBy()).toBeLessThan(1100)
      for (let n = 0; n < 20; n += 1) {
        wait(1370)
        ask()
      }
      expect(wrongBy()).toBeLessThan(150)
    })

  it('does not go back and forth with answers that are late, or out of a cache', () => {
    deviceIs(-YEAR)
    ask()
    const moved = vi.fn<() => void>()
    const leave = onCorrected(moved)
    const before = serverNow() - there
    ask(8000)
    ask(50, () => headers(NOON - 3_600_000, { Age: '3600' }))
    ask(50, () => headers(NOON - 3_600_000))
    syncByEvent(NOON - 60_000)
    for (let n = 0; n < 5; n += 1) ask(10, () => headers(NOON - 3_600_000))
    expect([serverNow() - there, moved.mock.calls.length]).toEqual([before, 0])
    leave()
  })

  it('is told in whole milliseconds, as the server takes them', () => {
    deviceIs(-YEAR)
    ask()
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 0.3)
    expect(Number.isInteger(serverNow())).toBe(true)
    vi.restoreAllMocks()
  })

  it('is learned even if the first answer came out of a cache', () => {
    ask(50, () => headers(NOON - YEAR))
    ask()
    expect(wrongBy()).toBeLessThan(1100)
  })

  it('goes on at its own pace when the device is set while the page is open', () => {
    deviceIs(300_000)
    ask()
    deviceIs(-YEAR)
    expect(wrongBy()).toBeLessThan(1100)
    // Set ahead or asleep: only the next answer says which.
    deviceIs(YEAR)
    wait(1000)
    ask()
    expect(wrongBy()).toBeLessThan(1100)
  })

  it('is right after the machine slept, also without an answer', () => {
    deviceIs(300_000)
    ask()
    there += 8 * 3_600_000
    deviceIs(300_000)
    expect(wrongBy()).toBeLessThan(1100)
  })

  it('never lies before something that the server says has happened', () => {
    deviceIs(-300_000)
    syncByEvent(there)
    expect(serverNow()).toBe(there)
  })

  it('follows the server when its own clock was set back, once that is beyond doubt', () => {
    ask()
    there -= 600_000
    for (let n = 0; n < 3; n += 1) {
      ask()
      wait(2000)
    }
    expect(wrongBy()).toBeLessThan(1100)
  })
})
