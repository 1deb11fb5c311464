// A record is hidden everywhere at once and erased later: asked twice about, and only of administrators.

import { ElMessage, ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { deleteRecord } from '@/api/records'
import type { Conversation } from '@/api/types'
import { useFailure } from '@/shared/composables/failure'
import { nameOf } from '@/shared/composables/person-name'

/** Whether it can be deleted: an open one is ended first. */
export const isOver = (record: Pick<Conversation, 'status'>): boolean => !['WAITING', 'IN_PROGRESS'].includes(record.status)

export function useDeletion(): (record: Pick<Conversation, 'id' | 'user' | 'counselor'>) => Promise<boolean> {
  const { t } = useI18n()
  const { tell } = useFailure()
  const called = (person: Conversation['user']): string => nameOf(person) || '—'

  return async (record) => {
    const sure = await ElMessageBox.confirm(
      t('admin.record.sureDelete', { visitor: called(record.user), counselor: called(record.counselor) }),
      t('admin.record.delete'),
      { confirmButtonText: t('admin.record.delete'), cancelButtonText: t('button.cancel'), type: 'warning', confirmButtonClass: 'el-button--danger', autofocus: false },
    ).catch(() => null)
    if (sure === null) return false
    try {
      await deleteRecord(record.id)
      ElMessage.success(t('admin.record.deleted'))
      return true
    } catch (error) {
      tell(error)
      return false
    }
  }
}
