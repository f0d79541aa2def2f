import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OLD } from '../../../electron/envelope/names.ts'
import { remove, removeFolder, type Removed } from '../../../electron/vault/remove.ts'
import { startOddS3, type OddS3 } from '../../support/odd-s3.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()
const INSTRUCTION = JSON.stringify({ [OLD.keyV2]: 'd3JhcHBlZA==', [OLD.iv]: 'aXY=', [OLD.description]: '{}' })

let server: OddS3

beforeAll(async () => {
  server = await startOddS3()
})
afterAll(() => server.close())

describe.for([
  ['all by one request', 'when-supported'],
  ['each by its own', 'when-required'],
] as const)('what is removed %s', ([, checksums]) => {
  let vault: TestVault

  beforeAll(async () => {
    vault = await openTestVault({ ...server.connection, checksums })
  })
  afterAll(() => vault.end())
  beforeEach(() => {
    server.objects.clear()
    server.seen.length = 0
    server.odd.refuse = () => undefined
  })

  const folder = (prefix: string) => removeFolder(vault, { bucket: 'box', prefix }, signal)
  const named = (...keys: string[]) => remove(vault, { bucket: 'box', keys }, signal)
  const left = () => [...server.objects.keys()].map((name) => name.replace('box/', ''))
  const codes = ({ kept }: Removed) => Object.fromEntries([...kept].map(([key, { code }]) => [key, code]))

  test('goes with what marks its folders', async () => {
    for (const key of ['old/', 'old/a', 'old/deep/', 'older']) server.put(`box/${key}`, '')
    expect(await folder('old/')).toEqual({ removed: 3, missing: [], kept: new Map() })
    expect(left()).toEqual(['older'])
    await expect(folder('old/')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  })

  test('goes, though one of it is refused, and some only when they are asked for again', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) server.put(`box/old/${key}`)
    server.odd.refuse = (key, attempt) => {
      if (key === 'old/b') return 'AccessDenied'
      return key === 'old/d' && attempt < 3 ? 'SlowDown' : undefined
    }
    const done = await folder('old/')
    expect(done.removed).toBe(4)
    expect(codes(done)).toEqual({ 'old/b': 'ACCESS_DENIED' })
    expect(left()).toEqual(['old/b'])
    expect(codes(await named('old/b', 'old/e'))).toEqual({ 'old/b': 'ACCESS_DENIED' })
  })

  test('does not count as long as it is there', async () => {
    for (const key of ['old/a', 'old/b', 'c']) server.put(`box/${key}`)
    server.odd.refuse = (key) => (key === 'old/a' ? undefined : '')
    const done = await folder('old/')
    expect(done.removed).toBe(1)
    expect(codes(done)).toEqual({ 'old/b': 'SERVER' })
    expect(codes(await named('c'))).toEqual({ c: 'SERVER' })
    expect(await named('never', 'there')).toMatchObject({ removed: 0, missing: ['never', 'there'] })
  })

  test('goes whatever is in its name', async () => {
    const odd = ['tab\there', 'line\nend', 'return\r', 'low\u0001', 'a&b<c>"', ' space ', '%41+', 'ü\u202e']
    for (const key of odd) server.put(`box/odd/${key}`)
    expect(await folder('odd/')).toMatchObject({ removed: odd.length })
    for (const key of odd) server.put(`box/odd/${key}`)
    expect(await named(...odd.map((key) => `odd/${key}`))).toMatchObject({ removed: odd.length })
    expect(left()).toEqual([])
  })

  test('takes its instruction file with it, and nothing that is only called so', async () => {
    for (const key of ['a', 'b']) server.put(`box/${key}`)
    server.put('box/a.instruction', INSTRUCTION)
    server.put('box/b.instruction', 'How to bake bread.')
    expect(codes(await named('a.instruction'))).toEqual({ 'a.instruction': 'INVALID_INPUT' })
    expect(await named('a', 'b')).toMatchObject({ removed: 2, kept: new Map() })
    expect(left()).toEqual(['b.instruction'])
    expect(await named('b.instruction')).toMatchObject({ removed: 1 })
    server.put('box/c')
    server.put('box/c.keys', INSTRUCTION)
    await remove(vault, { bucket: 'box', keys: ['c'], instructionSuffix: '.keys' }, signal)
    expect(left()).toEqual([])
  })
})

test('a server that is no S3 and answers everything has removed nothing', async () => {
  const page = createServer((request, response) => void request.resume().on('end', () => response.writeHead(204).end()))
  await once(page.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(page.address() as AddressInfo).port}`
  const vault = await openTestVault({ ...server.connection, endpoint })
  const { removed, kept } = await remove(vault, { bucket: 'box', keys: ['a'] }, signal)
  expect([removed, kept.get('a')?.code]).toEqual([0, 'NOT_S3'])
  await vault.end()
  page.closeAllConnections()
  page.close()
})
