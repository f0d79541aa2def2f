import {
  CreateBucketCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MODE_IDS, type ModeId } from '../../electron/base/mode-names.ts'
import { noise, writeFiles } from '../support/files.ts'
import { gateProxy } from '../support/gate.ts'
import type { Running } from '../support/run.ts'
import { believe, stageComputer, stageMoto, type Stage } from '../support/servers.ts'

const MIB = 1024 * 1024
const BUCKET = 'rekey'
const VERSIONED = 'rekey-versions'

/** Of each kind of key there are two, so that a mode can change into itself. */
type Generation = 'one' | 'two'
const GENERATIONS = ['one', 'two'] as const

for (const stageServer of [stageComputer, stageMoto]) {
  describe(stageServer === stageMoto ? 'on moto' : 'on This computer', () => {
    let stage: Stage
    const kms: Partial<Record<Generation, string>> = {}

    beforeAll(async () => {
      stage = await stageServer({ resident: true })
      for (const Bucket of [BUCKET, VERSIONED]) await stage.s3.send(new CreateBucketCommand({ Bucket }))
      await stage.s3.send(
        new PutBucketVersioningCommand({ Bucket: VERSIONED, VersioningConfiguration: { Status: 'Enabled' } }),
      )
      for (const name of GENERATIONS) {
        for (const mode of ['sse-c', 'cse-c']) await stage.person.done(['key', 'new', `${name}-${mode}`, '--no-kit'])
        const [made] = await stage.person.done(['kms', 'create', ...stage.options])
        kms[name] = made?.keyId ?? ''
      }
    })
    afterAll(() => stage.close())

    const coffer = (...args: string[]) => stage.person.coffer([...args, ...stage.options])
    const done = (...args: string[]) => stage.person.done([...args, ...stage.options])

    function under(mode: ModeId, generation: Generation): string[] {
      if (mode === 'sse-s3') return ['--mode', mode]
      return ['--mode', mode, '--key', mode.endsWith('kms') ? (kms[generation] ?? '') : `${generation}-${mode}`]
    }

    /** Puts files, by name, and returns them. */
    async function put(to: string, files: Record<string, Buffer>, how: string[], bucket = BUCKET) {
      const folder = join(stage.person.folder, to)
      await writeFiles(folder, files)
      await done('put', ...Object.keys(files).map((name) => join(folder, name)), `s3://${bucket}/${to}/`, ...how)
      return files
    }

    async function expectBack(to: string, files: Record<string, Buffer>, bucket = BUCKET): Promise<void> {
      const back = join(stage.person.folder, `back-${Math.random()}`)
      await done('get', `s3://${bucket}/${to}/`, `${back}/`)
      for (const [name, bytes] of Object.entries(files)) {
        expect((await readFile(join(back, name))).equals(bytes), `${to}/${name} came back as it went`).toBe(true)
      }
    }

    async function keysBelow(prefix: string, bucket = BUCKET): Promise<string[]> {
      const { Contents = [] } = await stage.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
      return Contents.map(({ Key = '' }) => Key).sort()
    }

    async function uploads(bucket = BUCKET): Promise<unknown[]> {
      const { Uploads = [] } = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      return Uploads
    }

    // Moto keeps in the clear what it is to keep under SSE-C.
    const modes = MODE_IDS.filter((mode) => stageServer !== stageMoto || mode !== 'sse-c')

    describe.each(modes)('from %s', (from) => {
      const name = 'sheet & ünï.bin'
      const files = { [name]: noise(70_001, `from ${from}`), 'parts.bin': noise(8 * MIB + 1, `parts ${from}`) }
      let step = 0

      it.each(modes)('to %s: byte for byte, with metadata and tags', async (to) => {
        const place = `${from}-${to}-${step++}`
        await put(place, files, under(from, 'one'))
        for (const file of Object.keys(files)) {
          const object = { Bucket: BUCKET, Key: `${place}/${file}` }
          const { TagSet = [] } = await stage.s3.send(new GetObjectTaggingCommand(object))
          const Tagging = { TagSet: [...TagSet, { Key: 'own', Value: 'a tag' }] }
          await stage.s3.send(new PutObjectTaggingCommand({ ...object, Tagging }))
        }
        const before = await done('inspect', `s3://${BUCKET}/${place}/${name}`)

        const rows = await done('rekey', `s3://${BUCKET}/${place}/`, ...under(to, 'two'))
        if (from === 'sse-s3' && to === 'sse-s3') expect(rows).toEqual([])
        else
          expect(rows.map((row) => [row.mode, row.bytes]).sort()).toEqual(
            [
              [to, 70_001],
              [to, 8 * MIB + 1],
            ].sort(),
          )

        const [after] = await done('inspect', `s3://${BUCKET}/${place}/${name}`)
        expect(after?.mode).toBe(to)
        expect(timesOf(after)).toEqual(timesOf(before[0]))
        await expectBack(place, files)
        for (const file of Object.keys(files)) {
          const { TagSet = [] } = await stage.s3.send(
            new GetObjectTaggingCommand({ Bucket: BUCKET, Key: `${place}/${file}` }),
          )
          expect(TagSet).toContainEqual({ Key: 'own', Value: 'a tag' })
          expect(TagSet.filter(({ Key }) => Key === 'coffer-key')).toHaveLength(to === 'sse-c' ? 1 : 0)
        }
        expect(await keysBelow(`${place}/`)).toEqual(
          Object.keys(files)
            .map((file) => `${place}/${file}`)
            .sort(),
        )

        const again = await coffer('rekey', `s3://${BUCKET}/${place}/`, ...under(to, 'two'))
        expect(again.rows, 'what is there already is not done again').toEqual([])
        expect(again.code).toBe(0)
        expect(again.stderr.match(/"already"/g)).toHaveLength(2)
      })
    })

    it('killed midway, again and again, and repeated until done: nothing is lost and nothing is left', async () => {
      const names = Array.from({ length: 24 }, (_, number) => `file-${String(number).padStart(2, '0')}`)
      const sizeOf = (index: number): number => (index % 6 === 0 ? 9 * MIB : 50_000 + index)
      const files = Object.fromEntries(names.map((name, index) => [name, noise(sizeOf(index), name)]))
      await put('killed', files, under('cse-c', 'one'))
      const command = ['rekey', `s3://${BUCKET}/killed/`, ...under('cse-c', 'two'), '--concurrency', '2']
      let kills = 0
      for (; kills < 40; kills++) {
        const running = stage.person.start([...command, ...stage.options])
        const end = await Promise.race([running.ended, midway(running, kills === 0 ? 1 : randomInt(5))])
        if (end !== undefined) {
          expect(end.code, end.stderr).toBe(0)
          break
        }
        running.child.kill('SIGKILL')
        await running.ended
        if (kills % 3 === 0) await expectBack('killed', files)
      }
      expect(kills).toBeGreaterThan(0)
      expect(kills).toBeLessThan(40)
      expect(await keysBelow('killed/')).toEqual(names.map((name) => `killed/${name}`))
      expect(await uploads()).toEqual([])
      await expectBack('killed', files)
      const runs = (await done('rekey', '--status')) as unknown as { state: string; done: number; to: object }[]
      expect(runs.filter(({ state }) => state !== 'finished')).toEqual([])
      expect(runs[0]?.done).toBeGreaterThan(0)
      console.log(`${stage.name}: ${kills} kills`)
    })

    it('Ctrl-C stops it in good order, and the same command goes on', async () => {
      const sizes = { a: MIB, b: 32 * MIB, c: 32 * MIB }
      const files = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, noise(size, `stop ${name}`)]))
      await put('stopped', files, under('cse-c', 'one'))
      const command = ['rekey', `s3://${BUCKET}/stopped/`, ...under('cse-c', 'two'), '--concurrency', '1']
      const running = stage.person.start([...command, ...stage.options])
      await new Promise((told) => running.child.stdout?.once('data', told))
      running.child.kill('SIGINT')
      expect((await running.ended).code).toBe(130)
      expect(await keysBelow('stopped/')).toEqual(['stopped/a', 'stopped/b', 'stopped/c'])
      expect(await uploads()).toEqual([])
      const [run] = await done('rekey', '--status')
      expect(run?.state).toBe('stopped')
      await done(...command)
      await expectBack('stopped', files)
      expect((await done('rekey', '--status'))[0]?.state).toBe('finished')
    })

    if (stageServer === stageMoto)
      it.each(['sse-s3', 'cse-c'] as const)(
        'from %s to a mode that moto does not keep: nothing changes',
        async (from) => {
          const files = await put(`clear-${from}`, { c: noise(1_000, 'c') }, under(from, 'one'))
          const outcome = await coffer('rekey', `s3://${BUCKET}/clear-${from}/`, ...under('sse-c', 'two'))
          expect([outcome.code, outcome.error?.code]).toEqual([5, 'NOT_ENCRYPTED'])
          await expectBack(`clear-${from}`, files)
          expect(await keysBelow(`clear-${from}/`)).toEqual([`clear-${from}/c`])
        },
      )

    it('a key has leaked: everything under it gets another one, and then it is deleted', async () => {
      await done('key', 'new', 'leaked', '--no-kit')
      await done('key', 'new', 'leaked-sent', '--no-kit')
      await done('key', 'new', 'fresh', '--no-kit')
      const leaked = ['--key', 'leaked']
      const isSent = modes.includes('sse-c')
      const sent = isSent ? ['--mode', 'sse-c', '--key', 'leaked-sent'] : under('cse-c', 'one')
      const ours = await put('leak/c', { c: noise(100_000, 'c') }, sent)
      const sealed = await put('leak/e', { e: noise(200_000, 'e') }, ['--mode', 'cse-c', ...leaked])
      const other = await put('leak/other', { o: noise(300_000, 'o') }, under('cse-c', 'one'))
      const old = await put('leak/v', { v: noise(1_000, 'v') }, ['--mode', 'cse-c', ...leaked], VERSIONED)

      const toFresh = ['--mode', 'cse-c', '--key', 'fresh']
      for (const [key, changed] of [
        ['leaked', ['leak/e/e']],
        ['leaked-sent', isSent ? ['leak/c/c'] : []],
        ['leaked', []],
      ] as const) {
        const rows = await done('rekey', `s3://${BUCKET}/leak/`, '--under', key, ...toFresh)
        expect(rows.map(({ key }) => key)).toEqual(changed)
      }
      const rest = await coffer(
        'rekey',
        '--under',
        'leaked',
        '--mode',
        'cse-c',
        '--key',
        'fresh',
        '--purge-old-versions',
        '--yes',
      )
      expect(rest.rows.map(({ bucket, key }) => [bucket, key])).toEqual([[VERSIONED, 'leak/v/v']])
      const [deleted] = await done('key', 'delete', 'leaked', '--confirm', 'leaked')
      expect(deleted).toMatchObject({ objects: 0 })

      await expectBack('leak/c', ours)
      await expectBack('leak/e', sealed)
      await expectBack('leak/other', other)
      await expectBack('leak/v', old, VERSIONED)
    })

    it('a bucket that keeps versions: that they stay is said, and they go only by consent', async () => {
      const files = await put('kept', { k: noise(5_000, 'k') }, under('cse-c', 'one'), VERSIONED)
      await put('kept', files, [...under('cse-c', 'one'), '--overwrite'], VERSIONED)
      const versions = async (): Promise<number> => {
        const answer = await stage.s3.send(new ListObjectVersionsCommand({ Bucket: VERSIONED, Prefix: 'kept/' }))
        return answer.Versions?.length ?? 0
      }
      const command = ['rekey', `s3://${VERSIONED}/kept/`, ...under('cse-c', 'two')]
      const first = await coffer(...command)
      expect(first.stderr).toContain('"keepingOlder":1')
      expect(await versions()).toBe(3)
      const unasked = await coffer(...command, '--purge-old-versions')
      expect([unasked.code, await versions()]).toEqual([2, 3])
      const purged = await coffer(...command, '--purge-old-versions', '--yes')
      expect(purged.code, purged.stderr).toBe(0)
      expect(purged.stderr).toContain('"purged":2')
      expect(await versions()).toBe(1)
      await expectBack('kept', files, VERSIONED)
    })

    it.each(['cse-c', 'sse-s3'] as const)('what changed meanwhile (from %s) is not overwritten', async (from) => {
      const place = `raced-${from}`
      await put(place, { racing: noise(60_000, 'old'), still: noise(60_000, 'still') }, under(from, 'one'))
      const newer = { Bucket: BUCKET, Key: `${place}/racing`, Body: 'newer' }
      let raced = 0
      const gate = await gateProxy(stage.endpoint, async (piece) => {
        if (raced > 0 || !piece.startsWith(`PUT /${BUCKET}/${place}/racing.coffer-`)) return
        raced += 1
        await stage.s3.send(new PutObjectCommand(newer))
      })
      if (stageServer === stageMoto) believe(stage.person, gate.url)
      try {
        const where = ['--endpoint-url', gate.url, '--kms-endpoint-url', stage.endpoint, '--region', 'us-east-1']
        const { awsEnv: env } = stage
        const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env
        const outcome = await stage.person.coffer(
          ['rekey', `s3://${BUCKET}/${place}/`, ...under('sse-kms', 'two'), ...where],
          { env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } },
        )
        expect(raced).toBe(1)
        expect(outcome.error?.code).toBe('CHANGED_WHILE_READ')
        expect(outcome.rows.map(({ key }) => key)).toEqual([`${place}/still`])
      } finally {
        await gate.close()
      }
      // The newer object is a plain one; where a sealed one was before, that has to be said.
      const knowing = from === 'cse-c' ? ['--accept-unsealed'] : []
      await done('get', `s3://${BUCKET}/${place}/racing`, `${place}.now`, ...knowing)
      expect(await readFile(join(stage.person.folder, `${place}.now`), 'utf8')).toBe('newer')
      expect(await keysBelow(`${place}/`)).toEqual([`${place}/racing`, `${place}/still`])
    })

    it('one object that fails is listed and does not stop the others', async () => {
      const bytes = noise(900, 'a')
      const files = await put('one-fails', { a: bytes, b: noise(900, 'b') }, under('cse-c', 'one'))
      const bad = { Bucket: BUCKET, Key: 'one-fails/a' }
      const { Metadata } = await stage.s3.send(new HeadObjectCommand(bad))
      await stage.s3.send(new PutObjectCommand({ ...bad, Metadata, Body: noise(916, 'damage') }))
      const outcome = await coffer('rekey', `s3://${BUCKET}/one-fails/`, ...under('sse-s3', 'two'))
      expect([outcome.code, outcome.error?.code]).toEqual([5, 'INTEGRITY'])
      expect(outcome.rows.map(({ key }) => key)).toEqual(['one-fails/b'])
      const [run] = (await done('rekey', '--status')) as unknown as { state: string; failures: object[] }[]
      expect(run).toMatchObject({ state: 'stopped', failures: [{ ...{ bucket: BUCKET }, key: 'one-fails/a' }] })
      const mended = join(stage.person.folder, 'mended')
      await writeFile(mended, bytes)
      await done('put', mended, `s3://${BUCKET}/one-fails/a`, ...under('cse-c', 'one'), '--overwrite')
      expect(await done('rekey', `s3://${BUCKET}/one-fails/`, ...under('sse-s3', 'two'))).toHaveLength(1)
      await expectBack('one-fails', files)
    })
  })
}

/** Some moment after so many objects are done; it may be before the first one. */
async function midway({ child }: Running, done: number): Promise<undefined> {
  let lines = 0
  child.stdout?.on('data', (chunk: Buffer) => (lines += chunk.toString().split('\n').length - 1))
  while (lines < done && child.exitCode === null) await sleep(5)
  await sleep(randomInt(done === 0 ? 2_000 : 50))
}

function timesOf(row: unknown): unknown {
  const { mtime, mode } = (row as { metadata: Record<string, string> }).metadata
  return { mtime, mode }
}
