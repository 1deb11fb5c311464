// Pages of administrators, lists that supervisors share, and what every one of the staff has: records, shifts, their own profile.

import { Calendar, ChatLineSquare, Document, House, TrendCharts, User, UserFilled } from '@element-plus/icons-vue'
import type { Routes } from '@/shared/routes'

export const admin: Routes = [
  {
    path: '/console', name: 'console', component: () => import('@/views/admin/console.vue'),
    meta: { title: 'menu.home', menu: { order: 10, icon: House }, roles: ['administrator', 'system'] },
  },
  {
    path: '/records', name: 'records', component: () => import('@/views/admin/records/records.vue'),
    meta: { title: 'admin.menu.records', menu: { order: 30, icon: Document }, roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/records/:id', name: 'record', component: () => import('@/views/admin/records/record.vue'),
    meta: { title: 'admin.menu.record', roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/overview', name: 'overview', component: () => import('@/views/admin/overview/overview.vue'),
    meta: { title: 'admin.menu.overview', menu: { order: 40, icon: TrendCharts }, roles: ['supervisor'] },
  },
  {
    path: '/shifts', name: 'shifts', component: () => import('@/views/admin/shifts/shifts.vue'),
    meta: { title: 'admin.menu.shifts', menu: { order: 50, icon: Calendar }, roles: ['counselor', 'supervisor', 'administrator'] },
  },
  {
    path: '/staff', name: 'staff', component: () => import('@/views/admin/people/staff.vue'),
    meta: { title: 'admin.menu.staff', menu: { order: 60, icon: UserFilled }, roles: ['supervisor', 'administrator'] },
  },
  {
    path: '/visitors', name: 'visitors', component: () => import('@/views/admin/people/visitors.vue'),
    meta: { title: 'admin.menu.visitors', menu: { order: 70, icon: User }, roles: ['supervisor', 'administrator'] },
  },
  {
    path: '/unplaced', name: 'unplaced', component: () => import('@/views/admin/unplaced.vue'),
    meta: { title: 'admin.menu.unplaced', menu: { order: 80, icon: ChatLineSquare }, roles: ['administrator'] },
  },
  {
    path: '/profile', name: 'profile', component: () => import('@/views/admin/people/profile.vue'),
    meta: { title: 'admin.menu.profile' },
  },
]
