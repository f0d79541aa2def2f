import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { expect } from 'vitest'
import type { ModeChoice } from '../../../electron/base/mode-names.ts'
import { pausedReason } from '../../../electron/base/pause.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients, Connection } from '../../../electron/cloud/connection.ts'
import type { ModeOptions } from '../../../electron/modes/mode.ts'
import { get } from '../../../electron/vault/get.ts'
import { leftovers } from '../../../electron/vault/leftovers.ts'
import { put } from '../../../electron/vault/put.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import type { PutResult, PutWatch } from '../../../electron/vault/vault.ts'
import { startLocalCloud } from '../../support/localcloud.ts'
import { reusedKeys, uploadRecorder, type UploadRecorder } from '../../support/upload-recorder.ts'
import { bytes, chunksOf, MiB, openUploads } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

export const SIZE = 25 * MiB + 7

const { signal } = new AbortController()

/** One file that is put again and again, cut off in between, before a real server whose wire is watched. */
export interface ResumeStage {
  bucket: string
  vault: TestVault
  recorder: UploadRecorder
  /** Past the recorder. */
  direct: Clients
  /** Id of a customer key of the name `mine`. */
  /** A key for CSE-C, and one for SSE-C. */
  mine: string
  sent: string
  kmsKey: { id: string; arn: string }
  path: string
  /** Forgets what was recorded, and writes a new file. */
  begin(): Promise<void>
  put(mode: ModeChoice, options: ModeOptions, watch?: Partial<PutWatch>, key?: string): Promise<PutResult>
  /** Stops a put, as a pause or a crash would leave it, once S3 has acknowledged so many bytes. */
  cutOff(mode: ModeChoice, options: ModeOptions, after?: number, key?: string): Promise<void>
  /** Other content in the same file, of the same size and date. */
  changeFile(at: number): Promise<void>
  /** Right bytes, nothing left behind, and no other content under the same key and IV. */
  expectStored(key: string): Promise<void>
  end(): Promise<void>
}

export function streamOf(content: Buffer) {
  return { size: content.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(content) }
}

export async function openResumeStage(): Promise<ResumeStage> {
  const bucket = 'resumed'
  const cloud = await startLocalCloud()
  const connectionTo = (endpoint: string): Connection => {
    const { region, accessKeyId, secretAccessKey } = cloud
    const credentials = { kind: 'keys', accessKeyId, secretAccessKey } as const
    const checksums = 'when-supported' as const
    return { endpoint, kmsEndpoint: undefined, region, pathStyle: true, caBundle: undefined, checksums, credentials }
  }
  const recorder = await uploadRecorder(cloud.endpoint)
  const vault = await openTestVault(connectionTo(recorder.url), true)
  const direct = openClients(connectionTo(cloud.endpoint))
  const { KeyMetadata } = await direct.kms.send(new CreateKeyCommand({}))
  const path = join(vault.folder, 'file')

  const putFile: ResumeStage['put'] = async (mode, options, watch = {}, key = mode) => {
    const source = await fileSource(path)
    return put(vault, { source, bucket, key, mode, options, overwrite: 'refuse' }, { signal, ...watch })
  }
  const small = { source: streamOf(bytes(1)), bucket, key: 'small', mode: 'sse-s3', options: {} } as const
  await put(vault, { ...small, overwrite: 'refuse' }, { signal })

  return {
    bucket,
    vault,
    recorder,
    direct,
    mine: (await vault.keys.create({ name: 'mine' })).id,
    sent: (await vault.keys.create({ name: 'sent' })).id,
    kmsKey: { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' },
    path,
    async begin() {
      recorder.parts.length = 0
      recorder.opened.length = 0
      recorder.swallow = () => false
      await writeFile(path, bytes(SIZE))
    },
    put: putFile,
    async cutOff(mode, options, after = 8 * MiB, key = mode) {
      const stop = new AbortController()
      const onProgress = (done: number) => {
        if (done >= after) stop.abort(pausedReason())
      }
      const putting = putFile(mode, options, { signal: stop.signal, onProgress }, key)
      await expect(putting).rejects.toMatchObject({ code: 'PAUSED' })
      expect(await openUploads(direct.s3, bucket), 'it stays').toBe(1)
    },
    async changeFile(at) {
      const { atime, mtime } = await stat(path)
      const content = await readFile(path)
      content.writeUInt8(content.readUInt8(at) ^ 1, at)
      await writeFile(path, content)
      await utimes(path, atime, mtime)
    },
    async expectStored(key) {
      const out = join(vault.folder, 'out')
      await get(vault, { bucket, key, path: out, options: {}, overwrite: 'replace' }, { signal })
      const [stored, source] = [await readFile(out), await readFile(path)]
      expect(stored.equals(source), 'the bytes are right').toBe(true)
      expect(await openUploads(direct.s3, bucket), 'no upload is left').toBe(0)
      expect(leftovers(vault)).toEqual([])
      expect(reusedKeys(recorder)).toEqual([])
    },
    async end() {
      direct.close()
      await vault.end()
      await recorder.close()
      await cloud.stop()
    },
  }
}
