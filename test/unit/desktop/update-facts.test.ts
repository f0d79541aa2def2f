import { describe, expect, it } from 'vitest'
import { updatesOff, type UpdateFacts } from '../../../electron/desktop/update-facts.ts'

const signed: UpdateFacts = { isPackaged: true, feed: { url: 'https://example.org/coffer/', key: 'a2V5' }, kind: 'deb' }
const at = (url: string): UpdateFacts => ({ ...signed, feed: { url, key: 'a2V5' } })

describe('updates', () => {
  it.each<[string, UpdateFacts, ReturnType<typeof updatesOff>]>([
    ['are there for a package of a signed build', signed, null],
    ['are off in development', { ...signed, isPackaged: false }, 'development'],
    ['are off in a build without the key of a feed', { ...signed, feed: undefined }, 'unsigned'],
    ['are off where the feed is in the open', at('http://example.org/coffer/'), 'unsigned'],
    ['are off where the feed is a file', at('file:///tmp/coffer/'), 'unsigned'],
    ['are off where the feed is no address', at('example'), 'unsigned'],
    ['may come from this very computer', at('http://127.0.0.1:8080/'), null],
    ['are off for a copy that was unpacked by hand', { ...signed, kind: null }, 'by-hand'],
  ])('%s', (_what, facts, off) => {
    expect(updatesOff(facts)).toBe(off)
  })
})
