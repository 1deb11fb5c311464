// Banning, letting in again, deleting: asked about first, since it ends what the person is doing.

import { ElMessage, ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { activatePerson, banPerson, removeStaff } from '@/api/people'
import type { Person } from '@/api/types'
import { useFailure } from '@/shared/composables/failure'
import { nameOf } from '@/shared/composables/person-name'

export interface Standing {
  /** Each says whether it was done. */
  ban: (person: Person) => Promise<boolean>
  activate: (person: Person) => Promise<boolean>
  remove: (person: Person) => Promise<boolean>
}

export function useStanding(): Standing {
  const { t } = useI18n()
  const { tell } = useFailure()
  const called = (person: Person): string => nameOf(person)

  async function sure(words: string, person: Person): Promise<boolean> {
    const answered = await ElMessageBox.confirm(t(`admin.person.sure.${words}`, { name: called(person) }), t(`admin.person.${words}`), {
      confirmButtonText: t(`admin.person.${words}`), cancelButtonText: t('button.cancel'), type: 'warning',
      confirmButtonClass: 'el-button--danger', autofocus: false,
    }).catch(() => null)
    return answered !== null
  }
  async function done(words: string, person: Person, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call()
      ElMessage.success(t(`admin.person.done.${words}`, { name: called(person) }))
      return true
    } catch (error) {
      tell(error)
      return false
    }
  }

  return {
    ban: async (person) => await sure('ban', person) && done('ban', person, () => banPerson(person.id)),
    activate: (person) => done('activate', person, () => activatePerson(person.id)),
    remove: async (person) => await sure('remove', person) && done('remove', person, () => removeStaff(person)),
  }
}
