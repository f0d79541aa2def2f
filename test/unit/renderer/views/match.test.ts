import { expect, it } from 'vitest'
import { ranked } from '../../../../renderer/views/palette/match.ts'

const titles = (words: string): string[] =>
  ranked([{ title: 'Show transfers' }, { title: 'Keys' }, { title: 'New KMS key' }, { title: 'Find keys' }], words).map(
    ({ title }) => title,
  )

it('finds what holds every word, and what begins with it first', () => {
  expect(titles('key')).toEqual(['Keys', 'New KMS key', 'Find keys'])
  expect(titles('key new')).toEqual(['New KMS key'])
  expect(titles('zzz')).toEqual([])
})

it('keeps the order of what fits alike, and all of it where nothing is asked', () => {
  expect(titles('')).toEqual(['Show transfers', 'Keys', 'New KMS key', 'Find keys'])
})
