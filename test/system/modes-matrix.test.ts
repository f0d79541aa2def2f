import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MODE_IDS } from '../../electron/base/mode-names.ts'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { noise, writeFiles } from '../support/files.ts'
import { stageComputer, stageMoto } from '../support/servers.ts'
import type { Stage } from '../support/servers.ts'

const MIB = 1024 * 1024
const SIZES = [0, 1, 16, 65_535, 65_536, 65_537, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 100 * MIB]
const BUCKET = 'matrix'

/** Files are named by their size. */
const files = Object.fromEntries(SIZES.map((size) => [String(size), noise(size, `matrix ${size}`)]))

const table: string[] = []
afterAll(() => console.log(['mode       server           put  verify     get', ...table].join('\n')))

for (const stageServer of [stageComputer, stageMoto]) {
  describe(stageServer === stageMoto ? 'on moto' : 'on This computer', () => {
    let stage: Stage
    const keys: Partial<Record<ModeId, { name: string; id: string }>> = {}

    beforeAll(async () => {
      stage = await stageServer({ resident: true })
      const { person, options } = stage
      await writeFiles(join(person.folder, 'files'), files)
      if (stage.name === 'moto') await stage.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
      for (const mode of ['sse-c', 'cse-c'] as const) {
        const [key] = await person.done(['key', 'new', mode, '--no-kit'])
        keys[mode] = { name: mode, id: key?.id ?? '' }
      }
      for (const mode of ['sse-kms', 'cse-kms'] as const) {
        const [key] = await person.done(['kms', 'create', ...options])
        keys[mode] = { name: key?.keyId ?? '', id: key?.arn ?? '' }
      }
    })
    afterAll(() => stage.close())

    const keyOption = (mode: ModeId): string[] => (keys[mode] ? ['--key', keys[mode].name] : [])

    // Moto takes the headers of SSE-C and keeps plaintext.
    const modes = MODE_IDS.filter((mode) => stageServer !== stageMoto || mode !== 'sse-c')

    it.each(modes)('%s: files of every size go in, are verified and come back byte for byte', async (mode) => {
      const { person, options } = stage
      const times: number[] = []
      const timed = async (args: string[]): ReturnType<typeof person.done> => {
        const started = performance.now()
        const rows = await person.done([...args, ...options])
        times.push((performance.now() - started) / 1000)
        return rows
      }

      const put = await timed(['put', 'files', `s3://${BUCKET}/${mode}/`, '--mode', mode, ...keyOption(mode)])
      expect(put.map(({ key, bytes }) => `${key} ${bytes}`).sort()).toEqual(
        SIZES.map((size) => `${mode}/files/${size} ${size}`).sort(),
      )
      expect(new Set(put.map((row) => row.mode))).toEqual(new Set([mode]))
      expect(put.filter((row) => row.journey.length === 0)).toEqual([])

      const verified = await timed(['verify', `s3://${BUCKET}/${mode}/`])
      expect(verified).toHaveLength(SIZES.length)
      if (mode.startsWith('cse')) expect(new Set(verified.map((row) => row.proof))).toEqual(new Set(['tag']))

      const got = await timed(['get', `s3://${BUCKET}/${mode}/`, `back/${mode}/`])
      expect(got).toHaveLength(SIZES.length)
      for (const { path } of got) {
        const same = (await readFile(resolve(person.folder, path))).equals(files[basename(path)] ?? Buffer.of(1, 2, 3))
        expect(same, `${path} came back as it went`).toBe(true)
      }
      table.push(
        `${mode.padEnd(10)} ${stage.name.padEnd(13)} ${times.map((time) => `${time.toFixed(1)} s`.padStart(7)).join(' ')}`,
      )
    })

    it.each(modes)('%s: inspect tells the mode and the key, and what is stored is what the mode says', async (mode) => {
      const [seen] = await stage.person.done(['inspect', `s3://${BUCKET}/${mode}/files/65537`, ...stage.options])
      expect(seen?.mode).toBe(mode)
      if (keys[mode]) expect([keys[mode].id, keys[mode].name]).toContain(seen?.keyId)
      expect(seen?.journey.length).toBeGreaterThan(0)

      if (mode === 'sse-c') return
      const head = await stage.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: `${mode}/files/65537` }))
      const sealed = mode.startsWith('cse')
      expect(head.ContentLength).toBe(sealed ? 65_537 + 16 : 65_537)
      expect('x-amz-c' in (head.Metadata ?? {})).toBe(sealed)
      if (mode === 'sse-s3') expect(head.ServerSideEncryption).toBe('AES256')
      if (mode !== 'sse-kms') return
      expect(head.ServerSideEncryption).toBe('aws:kms')
      // Moto repeats the key as it was asked for; S3 answers with the ARN.
      expect(head.SSEKMSKeyId).toBe(stage.name === 'moto' ? keys[mode]?.name : keys[mode]?.id)
    })

    it('sse-c: without the key the server gives nothing, or the file is not left there', async () => {
      if (stage.name === 'This computer') {
        const withoutKey = stage.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'sse-c/files/16' }))
        await expect(withoutKey).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
        return
      }
      // If a later moto keeps real SSE-C, this fails and moto is held to the same as This computer.
      const { code, error } = await stage.person.coffer([
        'put',
        'files',
        `s3://${BUCKET}/sse-c/`,
        '--mode',
        'sse-c',
        ...keyOption('sse-c'),
        ...stage.options,
      ])
      expect([code, error?.code]).toEqual([5, 'NOT_ENCRYPTED'])
      const { Contents = [] } = await stage.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'sse-c/' }))
      expect(Contents).toEqual([])
    })
  })
}
