// Pages of administrators, lists that supervisors share, and what every one of the staff has: records, shifts, their own profile.

import { Calendar, ChatLineSquare, Document, House, TrendCharts, User, UserFilled } from '@element-plus/icons-vue'
import type { Routes } from '@/shared/routes'

export const admin: Routes = [
  {
    path: '/console', name: 'console', component: () => import('./console.vue'),
    meta: { title: 'menu.home', menu: { order: 10, icon: House }, roles: ['administrator', 'system'] },
  },
  {
    path: '/records', name: 'records', component: () => import('./records/records.vue'),
    meta: { title: 'admin.menu.records', menu: { order: 30, icon: Document }, roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/records/:id', name: 'record', component: () => import('./records/record.vue'),
    meta: { title: 'admin.menu.record', roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/overview', name: 'overview', component: () => import('./overview/overview.vue'),
    meta: { title: 'admin.menu.overview', menu: { order: 40, icon: TrendCharts }, roles: ['supervisor'] },
  },
  {
    path: '/shifts', name: 'shifts', component: () => import('./shifts/shifts.vue'),
    meta: { title: 'admin.menu.shifts', menu: { order: 50, icon: Calendar }, roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/staff', name: 'staff', component: () => import('./people/staff.vue'),
    meta: { title: 'admin.menu.staff', menu: { order: 60, icon: UserFilled }, roles: ['supervisor', 'administrator'] },
  },
  {
    path: '/visitors', name: 'visitors', component: () => import('./people/visitors.vue'),
    meta: { title: 'admin.menu.visitors', menu: { order: 70, icon: User }, roles: ['supervisor', 'administrator'] },
  },
  {
    path: '/unplaced', name: 'unmatched', component: () => import('./unmatched.vue'),
    meta: { title: 'admin.menu.unmatched', menu: { order: 80, icon: ChatLineSquare }, roles: ['administrator'] },
  },
  {
    path: '/profile', name: 'profile', component: () => import('./people/profile.vue'),
    meta: { title: 'admin.menu.profile' },
  },
]
