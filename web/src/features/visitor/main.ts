import { ElMessage } from 'element-plus'
import { createPinia } from 'pinia'
import { createApp, watch, watchEffect } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'
import type { Emergency } from '@/api/types'
import { keepComposingEscape } from '@/shared/composables/composing'
import { mayLeavePage } from '@/shared/composables/unsaved'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/visitor'
import { useSession } from '@/api/session'
import App from './app.vue'
import { setUpHelp, listNumbers } from './help'
import { usualKey } from './numbers'
import { useVisit } from './stores/visit'
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import '@/shared/styles/theme.css'
import './visitor.css'

const app = createApp(App)
app.use(createPinia())
const i18n = makeI18n(words)
app.use(i18n)

keepComposingEscape()

const visit = useVisit()
useSession({ token: () => visit.token, onNoSession: visit.lost })

const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'home', component: () => import('./pages/home.vue') },
    { path: '/history', name: 'history', component: () => import('./pages/history.vue') },
    { path: '/history/:id([0-9a-f]{32})', name: 'past', component: () => import('./pages/past.vue') },
    { path: '/me', name: 'me', component: () => import('./pages/me.vue') },
    { path: '/:unknown(.*)*', redirect: '/' },
  ],
})
// Another page takes the forms of this one with it; where a log-in has ended there is none.
router.beforeEach((to, from) => visit.me === null || to.path === from.path || mayLeavePage())
app.use(router)
// Its part of the page could not be fetched; the page itself stays.
router.onError(() => { ElMessage.error(i18n.global.t('visitor.notOpened')) })

// What stands in the page without us speaks the language that is spoken, and has the institution's numbers.
const help = setUpHelp()
watchEffect(() => {
  const { t, locale } = i18n.global
  document.documentElement.dataset.speaks = locale.value
  const nameOf = (one: Emergency): string => {
    const usual = usualKey(one)
    return usual === null ? one.name : t(usual)
  }
  if (help) listNumbers(help, visit.emergency, nameOf)
})

// Who waits may be looking at something else: the window's name calls them.
watch([() => visit.stage, i18n.global.locale], ([stage]) => {
  const { t } = i18n.global
  document.title = stage === 'talk' && document.visibilityState === 'hidden' ? `● ${t('visitor.waiting.turn')}` : t('visitor.title')
})
document.addEventListener('visibilitychange', () => { document.title = i18n.global.t('visitor.title') })

void visit.start()
app.mount('#app')
