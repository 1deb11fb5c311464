// What the charts draw. Pure: figures in, an option of ECharts out. Tooltips are drawn, never HTML: names are what people typed.

import type { EChartsOption } from 'echarts'

const FONT = 'system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
/** The theme's colours; a canvas knows no variables. */
const COLOUR = { calm: '#1f7a6c', pale: '#9ecbc1', warm: '#c98a1b', ink: '#24302d', soft: '#586661', line: '#e6e2d8' }
/** A whole number on an axis. */
const WHOLE = { minInterval: 1 }

const base = (): EChartsOption => ({
  textStyle: { fontFamily: FONT, color: COLOUR.soft },
  animationDuration: 300,
  tooltip: {
    renderMode: 'richText', confine: true, backgroundColor: '#ffffff', borderColor: COLOUR.line,
    textStyle: { color: COLOUR.ink, fontFamily: FONT, fontSize: 13 },
  },
})
const labels = { color: COLOUR.soft, fontSize: 12 }
const lines = { splitLine: { lineStyle: { color: COLOUR.line } } }

/** Bars that stand; the one at `chosen` (today, this hour) is dark. */
export function columns(names: string[], numbers: number[], series: string, chosen: number | null, every: number): EChartsOption {
  const data = numbers.map((value, at) => ({ value, itemStyle: { color: chosen === null || at === chosen ? COLOUR.calm : COLOUR.pale } }))
  return {
    ...base(),
    grid: { left: 4, right: 8, top: 26, bottom: 2, containLabel: true },
    xAxis: {
      type: 'category', data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: COLOUR.line } },
      axisLabel: { ...labels, interval: (at: number) => at % every === 0 },
    },
    yAxis: { type: 'value', ...WHOLE, axisLabel: labels, ...lines },
    series: [{
      type: 'bar', name: series, data, barMaxWidth: 34, itemStyle: { borderRadius: [4, 4, 0, 0] },
      label: { show: every === 1, position: 'top', color: COLOUR.ink, fontSize: 12 },
    }],
  }
}

export interface Ranked { name: string, value: number, label: string }

/** Bars that lie, the first on top. */
export function ranking(rows: Ranked[], series: string, max: number | null, tone: 'calm' | 'warm'): EChartsOption {
  return {
    ...base(),
    grid: { left: 4, right: 64, top: 4, bottom: 2, containLabel: true },
    xAxis: { type: 'value', ...(max === null ? WHOLE : { max, interval: 1 }), axisLabel: labels, ...lines },
    yAxis: {
      type: 'category', inverse: true, data: rows.map(({ name }) => name), axisTick: { show: false },
      axisLine: { lineStyle: { color: COLOUR.line } },
      axisLabel: { color: COLOUR.ink, fontSize: 13, width: 92, overflow: 'truncate' },
    },
    series: [{
      type: 'bar', name: series, barMaxWidth: 16,
      data: rows.map(({ value, label }) => ({ value, label: { formatter: () => label } })),
      itemStyle: { color: COLOUR[tone], borderRadius: [0, 4, 4, 0] },
      label: { show: true, position: 'right', color: COLOUR.ink, fontSize: 12 },
    }],
  }
}

/** `{"1": 3, "2": 0, …}` as a row, from `first` on. */
export function numbered(figures: Record<string, number>, first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => figures[String(at + first)] ?? 0)
}
