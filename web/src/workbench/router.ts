// Hash routes. Who is not logged in sees the log-in and comes back; who may not see a page, or asks for none, comes home.

import { createRouter, createWebHashHistory, type RouteLocationRaw, type Router } from 'vue-router'
import type { Role } from '@/api/types'
import { mayLeavePage } from '@/shared/composables/unsaved'
import { admin } from '@/features/admin/routes'
import { desk } from '@/features/desk/routes'
import { help } from './help/routes'
import { useMe } from '@/shared/stores/me'

/** Where each role starts. */
export const HOME: Record<Role, string> = {
  counselor: 'home', supervisor: 'home', administrator: 'console', system: 'console',
}

/** The log-in, and the way back from it; with the reason, if somebody was logged in. After a log-out there is no way back. */
export function toLogin(from: string): RouteLocationRaw {
  const { ending } = useMe()
  return { name: 'login', query: { ...(ending === null ? {} : { why: ending }), ...(from === '/' || ending === 'elsewhere' ? {} : { to: from }) } }
}

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/login', name: 'login', component: () => import('./login.vue'), meta: { isOpen: true, title: 'login.title' } },
      { path: '/', component: () => import('./shell.vue'), children: [...desk, ...admin, ...help] },
      { path: '/:unknown(.*)*', redirect: { name: 'home' } },
    ],
  })
  router.beforeEach(async (to, from): Promise<RouteLocationRaw | boolean> => {
    const { role } = useMe()
    // Another page takes the forms of this one with it; whose log-in has ended cannot stay.
    if (role !== null && to.path !== from.path && !await mayLeavePage()) return false
    if (to.meta.isOpen) return role === null ? true : { name: HOME[role] }
    if (role === null) return toLogin(to.fullPath)
    return to.meta.roles && !to.meta.roles.includes(role) ? { name: HOME[role] } : true
  })
  return router
}
