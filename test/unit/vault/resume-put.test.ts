import { generateKeyPairSync } from 'node:crypto'
import { utimes } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ModeChoice } from '../../../electron/base/mode-names.ts'
import type { ModeOptions } from '../../../electron/modes/mode.ts'
import { leftovers } from '../../../electron/vault/leftovers.ts'
import { reusedKeys } from '../../support/upload-recorder.ts'
import { MiB, openUploads } from '../transfers/kit.ts'
import { openResumeStage, SIZE, type ResumeStage } from './resume-stage.ts'

let stage: ResumeStage
beforeAll(async () => {
  stage = await openResumeStage()
})
afterAll(() => stage.end())
beforeEach(() => stage.begin())

const MODES: readonly [ModeChoice, () => ModeOptions][] = [
  ['sse-s3', () => ({})],
  ['sse-kms', () => ({ key: stage.kmsKey.arn })],
  ['sse-c', () => ({ key: stage.sent })],
  ['cse-kms', () => ({ key: stage.kmsKey.arn, encryptionContext: { team: 'a' } })],
  ['cse-c', () => ({ key: 'mine' })],
  ['bucket-default', () => ({})],
]

describe('a put that was cut off', () => {
  test.for(MODES)('goes on where it stood: %s', async ([mode, optionsOf]) => {
    const options = optionsOf()
    await stage.cutOff(mode, options)
    const acknowledged = leftovers(stage.vault)[0]?.acknowledged ?? 0
    expect(acknowledged).toBeGreaterThanOrEqual(8 * MiB)
    const before = stage.recorder.parts.length
    const resumed: number[] = []
    const result = await stage.put(mode, options, { onResumed: (done) => resumed.push(done) })
    expect(resumed[0]).toBeGreaterThanOrEqual(acknowledged)
    const again = stage.recorder.parts.slice(before).reduce((sum, { body }) => sum + body.length, 0)
    expect(again, 'only what is missing is sent').toBeLessThanOrEqual(SIZE + 16 - acknowledged)
    expect(stage.recorder.opened.length).toBe(1)
    expect(result.bytes).toBe(SIZE)
    await stage.expectStored(mode)
  })

  test('in the older envelope format goes on too', async () => {
    const options = { key: stage.mine, format: 'v2' } as const
    await stage.cutOff('cse-c', options, 8 * MiB, 'v2')
    await stage.put('cse-c', options, {}, 'v2')
    expect(stage.recorder.opened.length).toBe(1)
    await stage.expectStored('v2')
  })

  test('goes on twice', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'twice')
    await stage.cutOff('cse-c', { key: stage.mine }, 16 * MiB, 'twice')
    await stage.put('cse-c', { key: stage.mine }, {}, 'twice')
    expect(stage.recorder.opened.length).toBe(1)
    await stage.expectStored('twice')
  })

  test('tells in its journey that the data key was unwrapped, not made', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'told')
    const { journey } = await stage.put('cse-c', { key: stage.mine }, {}, 'told')
    const acts = journey.map(({ act }) => act)
    expect(acts).toContain('unwrap-data-key')
    expect(acts).not.toContain('make-data-key')
  })
})

describe('no other content under the same key and IV', () => {
  test.for([['cse-c'], ['cse-kms']] as const)(
    '%s: of a file that changed between, though its size and date are the same, nothing is sent but under a fresh key',
    async ([mode]) => {
      const options = mode === 'cse-c' ? { key: stage.mine } : { key: stage.kmsKey.arn }
      const key = `changed-${mode}`
      await stage.cutOff(mode, options, 8 * MiB, key)
      const [first] = stage.recorder.opened
      const before = stage.recorder.parts.length
      await stage.changeFile(5)
      await stage.put(mode, options, {}, key)
      expect(stage.recorder.opened.length).toBe(2)
      expect(stage.recorder.opened[1]?.envelope).not.toBe(first?.envelope)
      expect(stage.recorder.parts.slice(before).filter(({ uploadId }) => uploadId === first?.uploadId)).toEqual([])
      await stage.expectStored(key)
    },
  )

  test('a change in the middle: what comes before it may go, nothing from it on', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'middle')
    const [first] = stage.recorder.opened
    const attempted = Math.max(...stage.recorder.parts.map(({ number }) => number))
    const before = stage.recorder.parts.length
    await stage.changeFile((attempted - 1) * 8 * MiB + 100)
    await stage.put('cse-c', { key: stage.mine }, {}, 'middle')
    const after = stage.recorder.parts.slice(before).filter(({ uploadId }) => uploadId === first?.uploadId)
    expect(after.every(({ number }) => number < attempted)).toBe(true)
    expect(stage.recorder.opened.length).toBe(2)
    await stage.expectStored('middle')
  })

  test('a file of another date begins anew at once', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'touched')
    await utimes(stage.path, new Date(), new Date(2020, 1, 1))
    await stage.put('cse-c', { key: stage.mine }, {}, 'touched')
    expect(stage.recorder.opened.length).toBe(2)
    await stage.expectStored('touched')
  })

  test('on the server side, a changed file is not mixed with what was sent of it', async () => {
    await stage.cutOff('sse-s3', {}, 8 * MiB, 'mixed')
    await stage.changeFile(5)
    await stage.put('sse-s3', {}, {}, 'mixed')
    expect(stage.recorder.opened.length).toBe(2)
    await stage.expectStored('mixed')
  })

  test('where only the public half of the key is, it begins anew', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    const { id } = await stage.vault.keys.import(pem, { name: 'public only' })
    await stage.cutOff('cse-c', { key: id }, 8 * MiB, 'public')
    await stage.put('cse-c', { key: id }, {}, 'public')
    expect(stage.recorder.opened.length).toBe(2)
    expect(stage.recorder.opened[0]?.envelope).not.toBe(stage.recorder.opened[1]?.envelope)
    expect(reusedKeys(stage.recorder)).toEqual([])
    expect(await openUploads(stage.direct.s3, stage.bucket)).toBe(0)
  })
})
