// Pages of counselors and supervisors.

import { House } from '@element-plus/icons-vue'
import type { Routes } from './types'

export const desk: Routes = [
  {
    path: '/', name: 'home', component: () => import('@/views/desk/home.vue'),
    meta: { title: 'menu.home', menu: { order: 10, icon: House }, roles: ['counselor', 'supervisor'] },
  },
]
