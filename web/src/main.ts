import { createPinia } from 'pinia'
import { ElMessageBox } from 'element-plus'
import { createApp, watch } from 'vue'
import App from './app.vue'
import { keepComposingEscape } from './composables/composing'
import { makeI18n } from './i18n'
import { words } from './i18n/workbench'
import { makeRouter, toLogin } from './router'
import { useSession } from './stores/api'
import { useBadge } from './stores/badge'
import { follow as followLogOuts, forgetAll } from './stores/kept'
import { useMe } from './stores/me'
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import './styles/theme.css'
import './styles/print.css'

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

await me.load().catch(() => null)
app.use(router)
app.mount('#app')
