import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pausedReason } from '../../../electron/base/pause.ts'
import { cleanUp, leftovers } from '../../../electron/vault/leftovers.ts'
import { put } from '../../../electron/vault/put.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import { bytes, MiB, openUploads } from '../transfers/kit.ts'
import { openResumeStage, SIZE, streamOf, type ResumeStage } from './resume-stage.ts'

let stage: ResumeStage
beforeAll(async () => {
  stage = await openResumeStage()
})
afterAll(() => stage.end())
beforeEach(() => stage.begin())

describe('a key that cannot be had', () => {
  test('a deleted one: the upload stays until it is cleaned up', async () => {
    const { id } = await stage.vault.keys.create({ name: 'gone' })
    await stage.cutOff('cse-c', { key: 'gone' }, 8 * MiB, 'gone')
    await stage.vault.keys.delete(id)
    await expect(stage.put('cse-c', { key: 'gone' }, {}, 'gone')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    const [left, ...more] = leftovers(stage.vault, stage.bucket)
    expect(more).toEqual([])
    expect(left).toMatchObject({ bucket: stage.bucket, key: 'gone', path: stage.path, size: SIZE, keyId: id })
    expect(await openUploads(stage.direct.s3, stage.bucket)).toBe(1)
    expect(await cleanUp(stage.vault, left?.id ?? 0)).toBe(true)
    expect(await openUploads(stage.direct.s3, stage.bucket)).toBe(0)
    expect(leftovers(stage.vault)).toEqual([])
  })

  test('a disabled KMS key says so, and once it is enabled the upload goes on', async () => {
    await stage.cutOff('cse-kms', { key: stage.kmsKey.arn }, 8 * MiB, 'disabled')
    await stage.direct.kms.send(new DisableKeyCommand({ KeyId: stage.kmsKey.id }))
    const refused = stage.put('cse-kms', { key: stage.kmsKey.arn }, {}, 'disabled')
    await expect(refused).rejects.toMatchObject({ code: 'KMS_KEY_DISABLED' })
    expect(leftovers(stage.vault).length).toBe(1)
    await stage.direct.kms.send(new EnableKeyCommand({ KeyId: stage.kmsKey.id }))
    await stage.put('cse-kms', { key: stage.kmsKey.arn }, {}, 'disabled')
    expect(stage.recorder.opened.length).toBe(1)
    await stage.expectStored('disabled')
  })
})

describe('what became of it at S3', () => {
  test('aborted by somebody else: it begins anew', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'aborted')
    const UploadId = stage.recorder.opened[0]?.uploadId
    await stage.direct.s3.send(new AbortMultipartUploadCommand({ Bucket: stage.bucket, Key: 'aborted', UploadId }))
    await stage.put('cse-c', { key: stage.mine }, {}, 'aborted')
    expect(stage.recorder.opened.length).toBe(2)
    await stage.expectStored('aborted')
  })

  test.for(['cse-c', 'sse-c', 'sse-s3'] as const)(
    'completed, but nobody heard of it: it is done (%s)',
    async (mode) => {
      const key = `completed-${mode}`
      const options = mode === 'sse-s3' ? {} : { key: mode === 'sse-c' ? stage.sent : stage.mine }
      stage.recorder.swallow = (request) => request.method === 'POST' && /uploadId=/.test(request.url ?? '')
      await expect(stage.put(mode, options, { keep: true }, key)).rejects.toMatchObject({ code: 'NETWORK' })
      stage.recorder.swallow = () => false
      expect(leftovers(stage.vault).length).toBe(1)
      const before = stage.recorder.parts.length
      const result = await stage.put(mode, options, {}, key)
      expect(stage.recorder.parts.length).toBe(before)
      expect(result).toMatchObject({ mode, bytes: SIZE })
      await stage.expectStored(key)
    },
  )

  test('opened, but nobody heard its id: it is found and aborted; one that holds parts is somebody else’s', async () => {
    const source = await fileSource(stage.path)
    const at = { Bucket: stage.bucket, Key: 'unheard' }
    const { mtimeNs, inode } = source.file ?? {}
    const held = stage.vault.uploads.begin({
      ...{
        place: stage.vault.place,
        bucket: stage.bucket,
        key: 'unheard',
        path: stage.path,
        mode: 'sse-s3',
        options: {},
      },
      ...{ size: SIZE, mtimeNs, inode, format: undefined, keyId: undefined, metadata: {} },
    })
    held[Symbol.dispose]()
    await stage.direct.s3.send(new CreateMultipartUploadCommand(at))
    const { UploadId } = await stage.direct.s3.send(new CreateMultipartUploadCommand(at))
    await stage.direct.s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: bytes(10) }))
    await stage.put('sse-s3', {}, {}, 'unheard')
    const { Uploads } = await stage.direct.s3.send(new ListMultipartUploadsCommand({ Bucket: stage.bucket }))
    expect(Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId])
    await stage.direct.s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }))
    await stage.expectStored('unheard')
  })

  test('a part that S3 has otherwise than it was sent is sent again', async () => {
    await stage.cutOff('sse-s3', {}, 8 * MiB, 'overwritten')
    const UploadId = stage.recorder.opened[0]?.uploadId
    const at = { Bucket: stage.bucket, Key: 'overwritten', UploadId }
    await stage.direct.s3.send(new UploadPartCommand({ ...at, PartNumber: 1, Body: bytes(8 * MiB) }))
    await stage.put('sse-s3', {}, {}, 'overwritten')
    await stage.expectStored('overwritten')
  })
})

describe('what is left', () => {
  test('a cancel leaves nothing, neither here nor at S3', async () => {
    const stop = new AbortController()
    const putting = stage.put(
      'cse-c',
      { key: stage.mine },
      { signal: stop.signal, onProgress: () => stop.abort() },
      'cancelled',
    )
    await expect(putting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(leftovers(stage.vault)).toEqual([])
    expect(await openUploads(stage.direct.s3, stage.bucket)).toBe(0)
  })

  test('an upload of another mode or another file is not taken up, and only what is ours is cleaned up', async () => {
    await stage.cutOff('cse-c', { key: stage.mine }, 8 * MiB, 'left')
    await stage.put('sse-s3', {}, {}, 'left-in-s3')
    expect(leftovers(stage.vault).map(({ key }) => key)).toEqual(['left'])
    expect(leftovers(stage.vault, 'another')).toEqual([])
    const at = { Bucket: stage.bucket, Key: 'left' }
    const { UploadId } = await stage.direct.s3.send(new CreateMultipartUploadCommand(at))
    for (const { id } of leftovers(stage.vault)) expect(await cleanUp(stage.vault, id)).toBe(true)
    const { Uploads } = await stage.direct.s3.send(new ListMultipartUploadsCommand({ Bucket: stage.bucket }))
    expect(Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId])
    await stage.direct.s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }))
    expect(await cleanUp(stage.vault, 999_999)).toBe(true)
  })

  test('a stream cannot go on, but is listed and cleaned up', async () => {
    const stop = new AbortController()
    const request = {
      source: streamOf(bytes(SIZE)),
      bucket: stage.bucket,
      key: 'stream',
      mode: 'cse-c',
      options: { key: stage.mine },
    } as const
    const onProgress = () => stop.abort(pausedReason())
    const putting = put(stage.vault, { ...request, overwrite: 'refuse' }, { signal: stop.signal, onProgress })
    await expect(putting).rejects.toMatchObject({ code: 'PAUSED' })
    const [left] = leftovers(stage.vault)
    expect(left).toMatchObject({ key: 'stream', path: undefined })
    expect(await cleanUp(stage.vault, left?.id ?? 0)).toBe(true)
    expect(await openUploads(stage.direct.s3, stage.bucket)).toBe(0)
  })

  test('an upload that is under way is nobody else’s', async () => {
    const seen: unknown[] = []
    const onProgress = () => void seen.push(...leftovers(stage.vault))
    await stage.put('cse-c', { key: stage.mine }, { onProgress }, 'busy')
    expect(seen).toEqual([])
    await stage.expectStored('busy')
  })
})
