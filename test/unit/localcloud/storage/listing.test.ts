import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBuckets, type Bucket } from '../../../../electron/localcloud/storage/buckets.ts'
import { openDatabase, type Database } from '../../../../electron/localcloud/storage/database.ts'
import { openListing, type Query } from '../../../../electron/localcloud/storage/listing.ts'
import { newObjectId, openVersions, type Content } from '../../../../electron/localcloud/storage/versions.ts'

const folder = mkdtempSync(join(tmpdir(), 'coffer-listing-'))
let database: Database
beforeAll(() => {
  database = openDatabase(join(folder, 's3.db'))
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const content = (): Content => ({
  object: newObjectId(),
  size: 1,
  etag: 'e',
  parts: 0,
  attributes: { headers: {}, metadata: {} },
  tags: [],
  storageClass: 'STANDARD',
  checksum: undefined,
  envelope: { mode: 'AES256', s3: '' },
})

async function filled(name: string, keys: Iterable<string>): Promise<Bucket> {
  const [buckets, versions] = [openBuckets(database), openVersions(database)]
  return database.commit(() => {
    buckets.create(name, 'us-east-1')
    const bucket = buckets.find(name)
    if (!bucket) throw new Error('The bucket was not made.')
    for (const key of keys) versions.insert(bucket, key, content())
    return bucket
  })
}

function lines(query: Query): string[] {
  return Array.from(openListing(database).objects(query), (line) =>
    'commonPrefix' in line ? line.commonPrefix : line.entry.key,
  )
}

/** What a listing is, said plainly: sort, filter, group. */
function expected(keys: string[], { prefix, delimiter, after }: Omit<Query, 'bucket'>): string[] {
  const found = new Set<string>()
  const bytes = (text: string) => Buffer.from(text)
  for (const key of [...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b)))) {
    if (!key.startsWith(prefix)) continue
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const line = at === -1 ? key : key.slice(0, at + delimiter.length)
    const isMarker = at !== -1 && line === after
    if (Buffer.compare(bytes(key), bytes(after)) > 0 && !isMarker) found.add(line)
  }
  return [...found]
}

it('lists what sorting, filtering and grouping would give, whatever the keys', async () => {
  const upTo = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ÿ', '\u{10FFFF}'), maxLength })
  const text = upTo(5)
  let count = 0
  const property = fc.asyncProperty(
    fc.uniqueArray(text.filter((key) => key !== '')),
    upTo(2),
    fc.constantFrom('', '/', 'b', 'a/'),
    text,
    async (keys, prefix, delimiter, after) => {
      const bucket = await filled(`random-${String(count++)}`, keys)
      const query = { prefix, delimiter, after }
      expect(lines({ bucket: bucket.id, ...query })).toEqual(expected(keys, query))
    },
  )
  await fc.assert(property, { numRuns: 150 })
})

it('groups 30,000 keys by seeking, not by reading them all', async () => {
  function* keys(): Generator<string> {
    for (let i = 0; i < 30_000; i++) yield `folder-${String(i % 4)}/${String(i)}`
  }
  const { id: bucket } = await filled('many', keys())
  const started = process.cpuUsage()
  for (let i = 0; i < 100; i++) {
    expect(lines({ bucket, prefix: '', delimiter: '/', after: '' })).toHaveLength(4)
  }
  const { user, system } = process.cpuUsage(started)
  // Reading 30,000 rows a hundred times takes many seconds; seeking takes milliseconds.
  expect((user + system) / 1000).toBeLessThan(1000)
})
