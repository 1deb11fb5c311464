import { createPinia } from 'pinia'
import { ElMessageBox } from 'element-plus'
import { createApp, h, shallowRef, watch } from 'vue'
import App from './app.vue'
import State from '@/shared/components/state.vue'
import { keepComposingEscape } from '@/shared/composables/composing'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/workbench'
import { makeRouter, toLogin } from './router'
import { useSession } from '@/api/session'
import { useBadge } from '@/shared/stores/badge'
import { follow as followLogOuts, forgetAll } from '@/shared/stores/kept'
import { useMe } from '@/shared/stores/me'
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import '@/shared/styles/theme.css'
import '@/shared/styles/print.css'

const app = createApp(App)
app.use(createPinia())
const i18n = makeI18n(words)
app.use(i18n)

keepComposingEscape()

const me = useMe()
const router = makeRouter()
useSession({ onNoSession: () => { me.lost() } })

// The log-in ended, wherever that was noticed.
watch(() => me.me, (now) => {
  if (now !== null) return
  ElMessageBox.close()
  const { name, fullPath } = router.currentRoute.value
  if (name === 'login' || name === undefined) return
  // Whoever pressed the button does not come back, and leaves nothing behind.
  void (me.ending === null ? router.replace({ name: 'login' }).then(forgetAll) : router.push(toLogin(fullPath)))
})
followLogOuts(() => {
  me.cleared()
  // The server may have been quicker, and the page be on its way to the log-in for another reason.
  if (me.ending === 'elsewhere') void router.replace(toLogin('/'))
})
// Back from a sleep, perhaps of hours, somebody else may be logged in.
document.addEventListener('visibilitychange', () => { me.look() })
window.addEventListener('storage', () => { me.look() })
const badge = useBadge()
watch([() => router.currentRoute.value.meta.title, () => badge.number, i18n.global.locale], ([title, unread]) => {
  const { t } = i18n.global
  const words = title === undefined ? t('app.workbench') : `${t(title)} · ${t('app.name')}`
  document.title = unread > 0 ? `(${unread}) ${words}` : words
})

/** While it cannot be told who is here, the page says so; it asks again by itself, and when the button is pressed. */
const ASK_AGAIN_MS = 5000
async function whoIsHere(): Promise<void> {
  const wrong = shallowRef<unknown>(null)
  let again = (): void => {}
  const said = createApp({ render: () => h('main', h(State, { error: wrong.value, isLoading: true, onAgain: () => { again() } })) })
  said.use(i18n)
  for (let isSaid = false; ; isSaid = true) {
    try {
      await me.load()
      if (isSaid) said.unmount()
      return
    } catch (error) {
      wrong.value = error
    }
    if (!isSaid) said.mount('#app')
    await new Promise<void>((resolve) => {
      again = resolve
      setTimeout(resolve, ASK_AGAIN_MS)
    })
  }
}
await whoIsHere()
app.use(router)
app.mount('#app')
