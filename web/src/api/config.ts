// What the pages need of the settings.

import { result } from './answer'
import { api } from './session'
import type { Config } from './types'

export const fetchConfig = async (): Promise<Config> => await result(api().GET('/config')) as Config
