import { describe, expect, it } from 'vitest'
import { lastPage, pageOf, sizeOf } from './listing'

describe('the page of a list', () => {
  it('is one the server knows, whatever the URL says', () => {
    expect([pageOf(0), pageOf(-3), pageOf(2.9), pageOf(7)]).toEqual([1, 1, 2, 7])
    expect([sizeOf(0), sizeOf(100_000), sizeOf(20)]).toEqual([1, 200, 20])
  })

  it('is the last one when the list became shorter', () => {
    expect([lastPage(0, 20), lastPage(20, 20), lastPage(21, 20)]).toEqual([1, 1, 2])
  })
})
