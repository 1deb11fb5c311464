// The guides, for whoever is logged in; their own where none is asked for.

import type { Routes } from '@/shared/routes'

export const help: Routes = [
  { path: '/help/:guide?', name: 'guide', component: () => import('./help.vue'), meta: { title: 'help.title' } },
]
