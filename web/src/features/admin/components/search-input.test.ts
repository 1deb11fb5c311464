import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import SearchInput from './search-input.vue'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

it('a filter is asked for when the typing rests, once, and trimmed', async () => {
  const input = mount(SearchInput, { props: { modelValue: '', label: '姓名' } })
  const field = input.get('input')
  expect(field.attributes('aria-label')).toBe('姓名')
  for (const text of ['张', '张三', '张三 ']) {
    await field.setValue(text)
    vi.advanceTimersByTime(200)
  }
  expect(input.emitted('update:modelValue')).toBeUndefined()
  vi.advanceTimersByTime(400)
  expect(input.emitted('update:modelValue')).toEqual([['张三']])
})

it('a filter is asked for at once with Enter, and not again after', async () => {
  const input = mount(SearchInput, { props: { modelValue: '', label: '姓名' } })
  await input.get('input').setValue('李')
  await input.get('input').trigger('keyup', { key: 'Enter' })
  vi.advanceTimersByTime(2000)
  expect(input.emitted('update:modelValue')).toEqual([['李']])
})

it('a filter that changes elsewhere is shown, and one that is left is not asked for', async () => {
  const input = mount(SearchInput, { props: { modelValue: '张', label: '姓名' } })
  await input.setProps({ modelValue: '王' })
  expect(input.get('input').element.value).toBe('王')
  await input.get('input').setValue('赵')
  input.unmount()
  vi.advanceTimersByTime(2000)
  expect(input.emitted('update:modelValue')).toBeUndefined()
})
