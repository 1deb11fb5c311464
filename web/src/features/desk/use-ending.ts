// Ending a talk: asked about first, and shown as it is afterwards.

import { ElMessageBox, type ElMessageBoxOptions } from 'element-plus'
import { ref, type Ref } from 'vue'
import { endConversation } from '@/api/common'
import { useFailure } from '@/shared/composables/failure'
import { useDesk } from './stores/desk'

export interface Question extends ElMessageBoxOptions { title: string, text: string }

export function useEnding(): {
  isEnding: Ref<boolean>
  /** Ends the talk `id` if the answer is yes. `shown` is the talk that the page shows it by, if that is another one. */
  end: (id: string | null, question: Question, shown?: string) => Promise<void>
} {
  const desk = useDesk()
  const { tell } = useFailure()
  const isEnding = ref(false)

  async function end(id: string | null, { title, text, ...options }: Question, shown?: string): Promise<void> {
    if (id === null || !await ElMessageBox.confirm(text, title, options).then(() => true, () => false)) return
    isEnding.value = true
    try {
      await endConversation(id)
      await desk.fetchConversation(shown ?? id)
    } catch (error) {
      tell(error)
    } finally {
      isEnding.value = false
    }
  }
  return { isEnding, end }
}
