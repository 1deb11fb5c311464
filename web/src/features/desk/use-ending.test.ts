import { mount } from '@vue/test-utils'
import { ElMessage, ElMessageBox } from 'element-plus'
import { createPinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { endConversation } from '@/api/common'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { useDesk } from './stores/desk'
import { useEnding } from './use-ending'

vi.mock('@/api/common', async (original) => ({ ...await original<object>(), endConversation: vi.fn<() => Promise<void>>() }))

const QUESTION = { title: '结束', text: '确定？' }
const confirm = vi.spyOn(ElMessageBox, 'confirm')
const told = vi.spyOn(ElMessage, 'error').mockImplementation(() => ({ close: () => {} }))
const ended = vi.mocked(endConversation)

/** The way to end a talk, and which talks were asked for afterwards. */
function ending() {
  let made: ReturnType<typeof useEnding> | undefined
  const shown: string[] = []
  mount(defineComponent({
    setup() {
      vi.spyOn(useDesk(), 'fetchConversation').mockImplementation(async (id) => { shown.push(id) })
      made = useEnding()
      return () => h('div')
    },
  }), { global: { plugins: [createPinia(), makeI18n(words)] } })
  return { ...made!, shown }
}

beforeEach(() => {
  vi.clearAllMocks()
  ended.mockResolvedValue(undefined)
  confirm.mockResolvedValue('confirm' as never)
})

it('a talk ends when whoever is asked is sure, and is shown as it is then', async () => {
  const { end, isEnding, shown } = ending()
  ended.mockImplementation(async () => { expect(isEnding.value).toBe(true) })
  await end('talk', { ...QUESTION, confirmButtonText: '好' })
  expect(confirm).toHaveBeenCalledWith('确定？', '结束', { confirmButtonText: '好' })
  expect(ended).toHaveBeenCalledWith('talk')
  expect([shown, isEnding.value]).toEqual([['talk'], false])
})

it('one that another talk is shown by, is shown by that', async () => {
  const { end, shown } = ending()
  await end('supervision', QUESTION, 'consultation')
  expect(ended).toHaveBeenCalledWith('supervision')
  expect(shown).toEqual(['consultation'])
})

it('nothing happens where nobody is sure, or no talk is open', async () => {
  const { end, shown } = ending()
  confirm.mockRejectedValueOnce('cancel')
  await end('talk', QUESTION)
  await end(null, QUESTION)
  expect(confirm).toHaveBeenCalledTimes(1)
  expect([ended.mock.calls, shown]).toEqual([[], []])
})

it('what goes wrong is told', async () => {
  const { end, isEnding, shown } = ending()
  ended.mockRejectedValueOnce(new Error('没有网络'))
  await end('talk', QUESTION)
  expect(told).toHaveBeenCalledWith('没有网络')
  expect([shown, isEnding.value]).toEqual([[], false])
})
