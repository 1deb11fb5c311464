import { createPinia } from 'pinia'
import { createApp, watch } from 'vue'
import App from './app.vue'
import { keepComposingEscape } from './composables/composing'
import { makeI18n } from './i18n'
import { words } from './i18n/workbench'
import { makeRouter } from './router'
import { useSession } from './stores/api'
import { useBadge } from './stores/badge'
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
useSession({ onNoSession: () => { me.me = null } })

// The log-in ended, wherever that was noticed.
watch(() => me.me, (now) => {
  if (now !== null) return
  me.leave()
  const { name, fullPath } = router.currentRoute.value
  if (name !== 'login' && name !== undefined) void router.push({ name: 'login', query: { to: fullPath } })
})
const badge = useBadge()
watch([() => router.currentRoute.value.meta.title, () => badge.number, i18n.global.locale], ([title, unread]) => {
  const { t } = i18n.global
  const words = title === undefined ? t('app.workbench') : `${t(title)} · ${t('app.name')}`
  document.title = unread > 0 ? `(${unread}) ${words}` : words
})

await me.load().catch(() => null)
app.use(router)
app.mount('#app')
