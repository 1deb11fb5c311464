import { mount } from '@vue/test-utils'
import { ElMessage } from 'element-plus'
import { beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { Refused } from '@/api/answer'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { useFormSaving } from './form-saving'

const told = vi.spyOn(ElMessage, 'error').mockImplementation(() => ({ close: () => {} }))
const scrollToField = vi.fn<(field: string) => void>()

function saving(isValid = true) {
  let made: ReturnType<typeof useFormSaving> | undefined
  const valid = (): Promise<boolean> => (isValid ? Promise.resolve(true) : Promise.reject(new Error('fields')))
  const form = { setup: () => () => h('form'), methods: { validate: valid, scrollToField } }
  mount(defineComponent({
    setup() {
      made = useFormSaving(() => ['name', 'age'])
      return () => h(form, { ref: 'form' })
    },
  }), { global: { plugins: [makeI18n(words)] } })
  return made!
}
const refusing = (field: string) => () => Promise.reject(new Refused(-2, '年龄不对', 'malformed', field))

beforeEach(() => { vi.clearAllMocks() })

it('a form is sent once every field has its form', async () => {
  const send = vi.fn<() => Promise<void>>().mockResolvedValue(undefined)
  await saving(false).save(send)
  expect(send).not.toHaveBeenCalled()
  const { save, isBusy } = saving()
  send.mockImplementation(async () => { expect(isBusy.value).toBe(true) })
  await save(send)
  expect([send.mock.calls.length, isBusy.value]).toEqual([1, false])
})

it('what the server refuses stands at the field, until something changes', async () => {
  const { save, errorOf, clearErrors, isBusy } = saving()
  await save(refusing('age'))
  expect([errorOf('age'), errorOf('name'), isBusy.value]).toEqual(['年龄不对', '', false])
  expect(scrollToField).toHaveBeenCalledWith('age')
  expect(told).not.toHaveBeenCalled()
  clearErrors()
  expect(errorOf('age')).toBe('')
})

it('what is of no field of the form is told', async () => {
  const { save, errorOf } = saving()
  await save(refusing('another'))
  expect(told).toHaveBeenCalledWith('年龄不对')
  expect(errorOf('another')).toBe('')
})
