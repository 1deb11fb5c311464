import { describe, expect, it } from 'vitest'
import { waitOf } from './waits'

describe('a wait for an answer', () => {
  it('is counted in whole minutes, and rises when the alarm is raised', () => {
    const after = (seconds: number) => waitOf(1_000_000, 1_000_000 + seconds * 1000)
    expect([0, 59, 60, 119, 120, 299, 300, 3600].map((seconds) => `${after(seconds).minutes} ${after(seconds).level}`))
      .toEqual(['0 fresh', '0 fresh', '1 soon', '1 soon', '2 late', '4 late', '5 alarm', '60 alarm'])
  })

  it('is never negative', () => {
    expect(waitOf(5000, 0)).toEqual({ minutes: 0, level: 'fresh' })
  })
})
