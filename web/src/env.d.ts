/// <reference types="vite/client" />

/** A guide of docs/zh, which the build makes a component of. */
declare module '*.md' {
  import type { Component } from 'vue'

  const guide: Component
  export default guide
}
