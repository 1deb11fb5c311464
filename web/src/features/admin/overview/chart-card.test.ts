import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import ChartCard from './chart-card.vue'
import { columns } from './options'

const card = (isTable: boolean) => mount(ChartCard, {
  global: { plugins: [makeI18n(words)], stubs: { Chart: true } },
  props: {
    title: '近 7 日', option: columns(['<b>一</b>'], [3], '咨询数', null, 1), heads: ['日期', '咨询数'], rows: [['<b>一</b>', 3]],
    isTable, isEmpty: false,
  },
})

it.each([true, false])('the figures of a chart can always be read as a table (shown: %s), and names are words', (isTable) => {
  const shown = card(isTable)
  expect(shown.get('tbody').text()).toBe('<b>一</b>3')
  expect(shown.find('tbody b').exists()).toBe(false)
  expect(shown.get('tbody th').attributes('scope')).toBe('row')
  expect(shown.find('[aria-hidden=true]').exists()).toBe(!isTable)
})
