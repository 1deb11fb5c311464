import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { soon } from '@/testing/soon'
import ExportDialog from './export-dialog.vue'

vi.mock('@/api/exports', () => ({ exportConversations: async () => ({ name: 'a.txt', content: new Blob() }) }))
vi.mock('@/shared/composables/save-file', () => ({ saveFile: () => {} }))
enableAutoUnmount(afterEach)

it('What was exported is told, so that other ticks stay', async () => {
  const dialog = mount(ExportDialog, { props: { modelValue: ['a'] }, attachTo: document.body, global: { plugins: [createPinia(), makeI18n(words)] } })
  await soon(() => { expect(document.querySelector('.el-dialog .el-button--primary')).not.toBeNull() })
  document.querySelector<HTMLElement>('.el-dialog .el-button--primary')?.click()
  await flushPromises()
  expect(dialog.emitted('done')).toEqual([[['a']]])
})
