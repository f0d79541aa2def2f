import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { allObjects } from '../../../electron/cloud/list-objects.ts'
import type { NameEncoding } from '../../../electron/cloud/listed-names.ts'
import { rememberNames } from '../../../electron/cloud/name-encoding.ts'
import { asForm, startOddS3, type OddS3 } from '../../support/odd-s3.ts'

const { signal } = new AbortController()

let server: OddS3
let clients: Clients

beforeAll(async () => {
  server = await startOddS3()
})
afterAll(() => server.close())
beforeEach(() => {
  clients = openClients(server.connection)
  server.objects.clear()
  server.seen.length = 0
  Object.assign(server.odd, { page: 1000, next: 'token', encode: asForm })
})
afterEach(() => clients.close())

async function listed(prefix = '', recursive = true): Promise<string[]> {
  const found = []
  for await (const page of allObjects(clients.s3, { bucket: 'box', prefix, recursive }, signal)) {
    found.push(...page.folders, ...page.objects.map(({ key }) => key))
  }
  return found
}

describe('a list that comes in pages', () => {
  const KEYS = ['a', 'b c', 'd/1', 'd/2', 'e+f', 'z', 'ü', '\u{ff5e}', '\u{1f600}']
  beforeEach(() => {
    for (const key of KEYS) server.put(`box/${key}`)
    server.odd.page = 2
  })

  test.for(['token', 'marker', 'v1'] as const)('comes whole from a server that goes on by %s', async (next) => {
    server.odd.next = next
    expect(await listed()).toEqual(KEYS)
    expect((await listed('', false)).sort()).toEqual(['a', 'b c', 'd/', ...KEYS.slice(4)].sort())
  })

  test('is behind its last name where a server does not say where it goes on', async () => {
    server.odd.next = 'nothing'
    expect(await listed()).toEqual(KEYS)
    expect((await listed('', false)).sort()).toEqual(['a', 'b c', 'd/', ...KEYS.slice(4)].sort())
  })

  test('is refused where names do not come in order and nothing says where it goes on', async () => {
    server.odd.next = 'nothing'
    server.odd.page = 3
    server.odd.encode = (name) => asForm(name === 'a' ? 'zz' : name)
    await expect(listed()).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' })
  })

  test.for(['same-token', 'fresh-token'] as const)('is refused where it goes in circles (%s)', async (next) => {
    server.odd.next = next
    await expect(listed()).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' })
    expect(server.seen.length).toBeLessThan(5)
  })
})

describe('names that a server lists', () => {
  const asPath = (name: string): string => encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%2B', '+')
  const asItIs = (name: string): string => name

  test.for([
    ['as Amazon does', asForm, 'form'],
    ['as for a path', asPath, 'percent'],
    ['not at all', asItIs, 'raw'],
  ] as const)('and encodes %s are the names of its objects', async ([, encode, encoding]) => {
    server.odd.encode = encode
    for (const key of ['a+b.txt', 'x y/c+d%20e.txt']) server.put(`box/${key}`)
    const kept: NameEncoding[] = []
    rememberNames(clients.s3, { get: () => null, set: (found) => void kept.push(found) })
    expect(await listed()).toEqual(['a+b.txt', 'x y/c+d%20e.txt'])
    expect(kept.at(-1) ?? 'form').toBe(encoding)
  })

  test('are known by one that cannot be encoded so', async () => {
    server.odd.encode = asItIs
    for (const key of ['100%.txt', 'a+b.txt', '%E4']) server.put(`box/${key}`)
    expect(await listed()).toEqual(['%E4', '100%.txt', 'a+b.txt'])
    expect(server.seen).toHaveLength(1)
  })

  test('are looked up first as they were before', async () => {
    server.odd.encode = asItIs
    server.put('box/a+b.txt')
    server.put('box/%41')
    rememberNames(clients.s3, { get: () => 'raw', set: () => expect.unreachable() })
    expect(await listed()).toEqual(['%41', 'a+b.txt'])
    expect(server.seen).toHaveLength(2)
  })

  test('come decoded where their folder alone is listed', async () => {
    server.odd.encode = asItIs
    server.put('box/a+b/1')
    expect(await listed('', false)).toEqual(['a+b/'])
  })
})
