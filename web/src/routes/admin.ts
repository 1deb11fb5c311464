// Pages of administrators, and lists that supervisors share.

import { House } from '@element-plus/icons-vue'
import type { Routes } from './types'

export const admin: Routes = [
  {
    path: '/console', name: 'console', component: () => import('@/views/admin/console.vue'),
    meta: { title: 'menu.home', menu: { order: 10, icon: House }, roles: ['administrator', 'system'] },
  },
]
