import { describe, expect, it } from 'vitest'
import { columns, numbered, ranking } from './options'

describe('charts', () => {
  it('show figures in the order of their keys, and nothing where there is none', () => {
    expect(numbered({ 1: 5, 3: 7, 10: 1 }, 1, 4)).toEqual([5, 0, 7, 0])
    expect(numbered({ 0: 2, 23: 9 }, 0, 24)).toHaveLength(24)
  })

  it('make one bar dark: today', () => {
    const [series] = columns(['a', 'b'], [1, 2], 'n', 1, 1).series as { data: { value: number, itemStyle: { color: string } }[] }[]
    expect(series!.data[0]!.itemStyle.color).not.toBe(series!.data[1]!.itemStyle.color)
  })

  it('never show a name as HTML', () => {
    const name = '<img src=x onerror=alert(1)>'
    for (const option of [ranking([{ name, value: 1, label: '1' }], 'n', 5, 'warm'), columns([name], [1], 'n', null, 1)]) {
      expect(option.tooltip).toMatchObject({ renderMode: 'richText' })
      expect(JSON.stringify(option.tooltip)).not.toContain('formatter')
    }
  })
})
