import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Role } from '@/api/types'

declare module 'vue-router' {
  interface RouteMeta {
    /** Who may come here; absent means whoever is logged in. */
    roles?: Role[]
    /** The title's key among the words, shown in the menu and the window. */
    title?: string
    /** In the side menu, from small to large. */
    menu?: { order: number, icon: Component }
    /** The page fills the window and scrolls inside, as a chat does. */
    isFull?: boolean
    /** Open without a log-in. */
    isOpen?: boolean
  }
}

export type Routes = RouteRecordRaw[]
