import { createHash } from 'node:crypto'
import { readKeyFile } from '../../electron/api/router/key-file.ts'
import { createInProcessClient } from '../../electron/api/router.ts'
import { isCofferError } from '../../electron/base/errors.ts'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { openCoffer } from '../../electron/compose.ts'
import { deriveContentKey } from '../../electron/envelope/derive.ts'
import { keyId } from '../../electron/keys/key-id.ts'
import { cseC } from '../../electron/modes/cse-c.ts'

/*
 * A host of Coffer that does what it is told and then stays, with its memory as it is: no garbage collection is asked for
 * and nothing is tidied up for the occasion. Ends with its standard input.
 */

export type Deed =
  | { do: 'import'; name: string; path: string }
  | { do: 'put' | 'get'; path: string; key: string; mode?: ModeId | undefined; options: object }
  /** A write that is given up in the middle, in the format whose cipher holds the data key itself. */
  | { do: 'abandon'; name: string }
  /** Derives from what the file holds. */
  | { do: 'derive'; path: string }

const { endpoint, bucket, deeds } = JSON.parse(process.argv[2] ?? '') as Orders

export interface Orders {
  endpoint: string
  bucket: string
  deeds: Deed[]
}

/** Something that must be found in this process: it is held on to, and never written anywhere. */
const control = createHash('sha256').update(`control ${process.pid}`).digest()

const coffer = await openCoffer()
const client = createInProcessClient(coffer)
const place = { endpoint, region: 'us-east-1' }
const told: unknown[] = []
for (const deed of deeds) told.push(await perform(deed))
process.stdout.write(`${JSON.stringify(told)}\n`)
process.stdin.resume().once('end', () => process.exit(control.length > 0 ? 0 : 1))

async function perform(deed: Deed): Promise<unknown> {
  if (deed.do === 'import') return client.keys.import({ name: deed.name, from: { path: deed.path } })
  if (deed.do === 'abandon') return abandon(deed.name)
  if (deed.do === 'derive') return derive(deed.path)
  const { path, key, mode, options } = deed
  const events =
    deed.do === 'put'
      ? await client.objects.put({ place, bucket, key, paths: [path], mode, options, acceptNoKit: true })
      : await client.objects.get({ place, bucket, key, to: path, options })
  for await (const event of events) {
    if (event.kind === 'file-failed') throw new Error(`${deed.do} ${key}: ${event.error.code} ${event.error.message}`)
    if (event.kind === 'file-done') return event.key
  }
  return null
}

async function derive(path: string): Promise<string> {
  const material = await readKeyFile(path)
  const id = keyId(material)
  deriveContentKey(material, Buffer.alloc(28, 1)).fill(0)
  material.fill(0)
  return id
}

async function abandon(name: string): Promise<unknown> {
  const vault = await coffer.openVault(place)
  const { signal } = new AbortController()
  const request = { bucket, key: 'abandoned', plaintextSize: 1_000, options: { key: name, format: 'v2' as const } }
  const plan = await cseC.prepareWrite({ ...vault, signal }, request)
  plan.sealer?.update(Buffer.alloc(500))
  plan.dispose()
  try {
    plan.sealer?.update(Buffer.alloc(500))
  } catch (error) {
    if (isCofferError(error, 'INTERNAL')) return plan.metadata
  }
  throw new Error('a plan that was disposed of still encrypts')
}
