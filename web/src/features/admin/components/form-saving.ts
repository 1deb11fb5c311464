// A form that is saved: what the server refuses is shown at the field it names, anything else for a moment.

import type { FormInstance } from 'element-plus'
import { reactive, ref, useTemplateRef, type Ref, type ShallowRef } from 'vue'
import { useFailure } from '@/shared/composables/failure'
import { refusedField } from './refused-field'

export interface FormSaving {
  form: Readonly<ShallowRef<FormInstance | null>>
  isBusy: Ref<boolean>
  /** What the server said about a field; empty for nothing. */
  errorOf: (field: string) => string
  /** Forgets what it said: something was changed since. */
  clearErrors: () => void
  /** Calls `send` if every field has its form. */
  save: (send: () => Promise<void>) => Promise<void>
}

/** `fields` are those that the server may name. The form has `ref="form"` in the template. */
export function useFormSaving(fields: () => readonly string[]): FormSaving {
  const { errorText, tell } = useFailure()
  const form = useTemplateRef<FormInstance>('form')
  const isBusy = ref(false)
  const refused = reactive({ field: '', words: '' })

  function clearErrors(): void {
    Object.assign(refused, { field: '', words: '' })
  }

  async function save(send: () => Promise<void>): Promise<void> {
    clearErrors()
    if (!await form.value?.validate().catch(() => false)) return
    isBusy.value = true
    try {
      await send()
    } catch (error) {
      const field = refusedField(error, fields())
      if (field === null) {
        tell(error)
      } else {
        Object.assign(refused, { field, words: errorText(error) })
        form.value?.scrollToField(field)
      }
    } finally {
      isBusy.value = false
    }
  }
  return { form, isBusy, errorOf: (field) => (refused.field === field ? refused.words : ''), clearErrors, save }
}
