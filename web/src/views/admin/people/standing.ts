// Banning, letting in again, deleting: asked about first, since it ends what the person is doing.

import { ElMessage, ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { result } from '@/api/answer'
import type { Person } from '@/api/types'
import { useFailure } from '@/composables/failure'
import { nameOf } from '@/composables/person-name'
import { api } from '@/stores/api'

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
  const by = (person: Person) => ({ params: { path: { id: person.id } } })
  const keyed = (person: Person) => ({ params: { path: { key: person.id } } })

  return {
    ban: async (person) => await sure('ban', person) && done('ban', person, () => result(api().POST('/user/ban/{id}', by(person)))),
    activate: (person) => done('activate', person, () => result(api().POST('/user/active/{id}', by(person)))),
    remove: async (person) => await sure('remove', person) && done('remove', person, () => (person.type === 'SUPERVISOR'
      ? result(api().DELETE('/user/ms/supervisor/{key}', keyed(person)))
      : result(api().DELETE('/user/ms/counselor/{key}', keyed(person))))),
  }
}
