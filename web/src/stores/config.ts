// What the server says about this institution.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { result } from '@/api/answer'
import type { Config } from '@/api/types'
import { tellTimesIn } from '@/composables/time'
import { api } from './api'

export const useConfig = defineStore('config', () => {
  const config = ref<Config | null>(null)

  async function load(): Promise<Config> {
    config.value = await result(api().GET('/config')) as Config
    tellTimesIn(config.value.timeZone)
    return config.value
  }

  return { config, load }
})
