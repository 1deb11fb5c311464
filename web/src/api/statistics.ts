// Figures of the institution, and one's own.

import { result } from './answer'
import { api } from './session'
import type { MyFigures, RankingRow } from './types'

/** A number for each of the last days, or of the hours of today, by its number as a word. */
export type Numbers = Record<string, number>

export const fetchOwnFigures = (): Promise<MyFigures> => result(api().GET('/conversation/mine'))

/** Consultations of the last seven days, from 1 to 7 (today). */
export const fetchLastSevenDays = (): Promise<Numbers> => result(api().GET('/conversation/7statistics'))

/** Consultations of today by hour, from 0 to 23. */
export const fetchHoursOfToday = (): Promise<Numbers> => result(api().GET('/conversation/todaychange'))

/** Who had the most consultations this month. */
export const fetchNumberRanking = (size: number): Promise<RankingRow[]> =>
  result(api().GET('/conversation/numberranking', { params: { query: { size } } }))

/** Who was rated best this month. */
export const fetchRatingRanking = (size: number): Promise<RankingRow[]> =>
  result(api().GET('/conversation/ratedranking', { params: { query: { size } } }))
