// Pages of counselors and supervisors.

import { ChatDotRound, House } from '@element-plus/icons-vue'
import type { Role } from '@/api/types'
import type { Routes } from '@/shared/routes'

const roles: Role[] = ['counselor', 'supervisor']

export const desk: Routes = [
  {
    path: '/', name: 'home', component: () => import('./pages/home.vue'),
    meta: { title: 'menu.home', menu: { order: 10, icon: House }, roles },
  },
  {
    path: '/chat', name: 'chat', component: () => import('./pages/chat.vue'),
    meta: { title: 'desk.menu.chat', menu: { order: 20, icon: ChatDotRound }, roles, isFull: true },
  },
  {
    path: '/chat/:id', name: 'talk', component: () => import('./pages/chat.vue'),
    meta: { title: 'desk.menu.chat', roles, isFull: true },
  },
]
