// What the server says about this institution.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { fetchConfig } from '@/api/config'
import type { Config } from '@/api/types'
import { tellTimesIn } from '@/shared/composables/time'

export const useConfig = defineStore('config', () => {
  const config = ref<Config | null>(null)

  async function load(): Promise<Config> {
    config.value = await fetchConfig()
    tellTimesIn(config.value.timeZone)
    return config.value
  }

  return { config, load }
})
