import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { makeI18n } from '@/i18n'
import { words } from '@/i18n/visitor'
import App from './app.vue'
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import '@/styles/theme.css'

const app = createApp(App)
app.use(createPinia())
app.use(makeI18n(words))
app.mount('#app')
