import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { get } from '../../electron/vault/get.ts'
import { put } from '../../electron/vault/put.ts'
import { noise } from '../support/files.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { faultyProxy } from './faulty-proxy.ts'
import { BUCKET, namesIn, openLab, uploadsOpen, sourceOf, type Lab } from './lab.ts'
import { wrongWith } from './told.ts'

const MiB = 1024 * 1024
/** Two parts, two ranges. */
const LARGE = 8 * MiB + 100_000
/** Milliseconds after which silence is taken for death. Nothing but what falls silent is measured by it. */
const PATIENCE = 5_000
/** What is not silent may be slow: a busy machine is not to be taken for a dead one. */
const LONG_PATIENCE = 60_000
const SILENT = /stalls|swallowed|never comes|too short/
const { signal } = new AbortController()

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())

type Told = Partial<Record<FaultKind, string>>

/** What is reported and not mended: nobody here can know better. */
const SIGNED: Told = { 'request corrupted': 'BAD_CREDENTIALS' }
const TOO_SHORT: Told = { 'answer too short': 'TRUNCATED' }

/** A request of a transfer, and how it looks on the wire. */
interface Request {
  what: string
  way: 'put' | 'get'
  mode: ModeId
  size: number
  looks: RegExp
  /** Codes, for the faults that are reported. */
  told: Told
}

const WHOLE = /^PUT [^?]*$/
const COMPLETE = /^POST .*\?uploadId/

const REQUESTS: Request[] = [
  { what: 'PutObject', way: 'put', mode: 'cse-c', size: 70_000, looks: WHOLE, told: {} },
  // Anyone may have put the same file.
  {
    ...{ what: 'PutObject, plain', way: 'put', mode: 'sse-s3', size: 70_000, looks: WHOLE },
    told: { 'asked twice': 'ALREADY_EXISTS' },
  },
  { what: 'GenerateDataKey', way: 'put', mode: 'cse-kms', size: 5_000, looks: /GenerateDataKey/, told: SIGNED },
  { what: 'CreateMultipartUpload', way: 'put', mode: 'sse-c', size: LARGE, looks: /^POST .*\?uploads/, told: {} },
  { what: 'UploadPart', way: 'put', mode: 'cse-c', size: LARGE, looks: /^PUT .*partNumber=2/, told: {} },
  { what: 'CompleteMultipartUpload', way: 'put', mode: 'sse-s3', size: LARGE, looks: COMPLETE, told: {} },
  { what: 'HeadObject', way: 'get', mode: 'sse-c', size: 70_000, looks: /^HEAD /, told: TOO_SHORT },
  { what: 'Decrypt', way: 'get', mode: 'cse-kms', size: 5_000, looks: /Decrypt/, told: SIGNED },
  {
    ...{ what: 'GetObject', way: 'get', mode: 'sse-kms', size: 70_000, looks: /^GET / },
    told: TOO_SHORT,
  },
  // Only the tag of all of it tells, and by then it is too late to ask for the range again.
  {
    ...{ what: 'GetObject, a range', way: 'get', mode: 'cse-c', size: LARGE, looks: /^GET .* bytes=8/ },
    told: { 'answer corrupted': 'INTEGRITY', 'answer corrupted and cut': 'INTEGRITY' },
  },
]

test.each(REQUESTS)(
  '$what survives every fault that happens once, or the fault is reported',
  async (request) => {
    const wrong: string[] = []
    const waiting = [...FAULT_KINDS]
    const work = async (): Promise<void> => {
      for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
        const outcome = await transfer(request, kind)
        const expected = request.told[kind] ?? 'survives'
        if (outcome !== expected) wrong.push(`${request.what}, ${kind}: ${outcome}`)
      }
    }
    await Promise.all(Array.from({ length: request.size === LARGE ? 5 : 10 }, work))
    expect(wrong).toEqual([])
  },
  300_000,
)

async function transfer({ way, mode, size, looks }: Request, kind: FaultKind): Promise<string> {
  const content = noise(size, kind)
  const key = `${mode}-${size}-${way}-${kind}-${looks.source.length}`.replaceAll(' ', '-')
  const folder = await mkdtemp(join(lab.folder, 'one-'))
  let left = 1
  const proxy = await faultyProxy(lab.cloud.endpoint, ({ name }) =>
    looks.test(name) && left-- > 0 ? { kind, at: 0.5 } : null,
  )
  const door = lab.door(proxy.url, SILENT.test(kind) ? PATIENCE : LONG_PATIENCE)
  const object = { bucket: BUCKET, key, options: lab.optionsFor(mode) }
  const putThrough = (vault: Lab['direct']['vault']): Promise<unknown> =>
    put(vault, { ...object, source: sourceOf(content), mode, overwrite: 'refuse' }, { signal })
  const getThrough = (vault: Lab['direct']['vault']): Promise<unknown> =>
    get(vault, { ...object, options: {}, path: join(folder, 'file'), overwrite: 'refuse' }, { signal })
  try {
    if (way === 'get') await putThrough(lab.direct.vault)
    const error: unknown = await (way === 'put' ? putThrough(door.vault) : getThrough(door.vault)).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    const orphans = await uploadsOpen(lab, key)
    if (orphans.length > 0) return `an upload is left: ${orphans.join()}`
    if (error !== undefined) {
      const wrong = [...wrongWith(error, lab.secrets, ['ALREADY_EXISTS']), ...(await namesIn(folder))]
      return [String((error as { code?: string }).code), ...wrong].join('; ')
    }
    if (left > 0) return 'there was no such request'
    if (way === 'put') await getThrough(lab.direct.vault)
    return (await readFile(join(folder, 'file'))).equals(content) ? 'survives' : 'has other bytes'
  } finally {
    door.close()
    await proxy.close()
  }
}
