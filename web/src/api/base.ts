/** Where the server is: the pages may be served under a prefix. */
export const BASE = new URL('.', window.location.href.replace(/[?#].*$/, '')).href.replace(/\/$/, '')
