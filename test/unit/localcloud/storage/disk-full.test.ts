import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmdirSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeFailure } from '../../../../electron/cloud/failure.ts'
import { kmsClient } from '../../../support/kms.ts'
import { startLocalServer } from '../../../support/local-server.ts'
import { chanceOf } from '../../../wire/seed.ts'
import { VaultFolder } from './vault-folder.ts'

/** Points at which the disk becomes full, spread by chance over everything that a write does. */
const POINTS = 40
const DISK = '24m'
const seed = process.env['COFFER_SEED'] ?? String(Date.now())

/** Mounting a small disk needs root, as on CI. */
const mountPoint = mkdtempSync(join(tmpdir(), 'coffer-full-'))
const canMount = tryMount()
afterAll(() => {
  if (canMount) execFileSync('umount', ['-l', mountPoint])
  rmdirSync(mountPoint)
})

function tryMount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=700`, 'tmpfs', mountPoint], { stdio: 'pipe' })
    return true
  } catch (error) {
    console.log(`A full disk is not tried: mounting one is not allowed here (${String(error)})`)
    return false
  }
}

/** A file that takes all of the disk but so many bytes. */
class Filler {
  readonly #fd = openSync(join(mountPoint, 'filler'), 'w')
  #size = 0

  leave(bytes: number): void {
    const zeros = Buffer.alloc(64 << 10)
    for (let left = free() - bytes; left > 0; left = free() - bytes) {
      this.#size += writeSync(this.#fd, zeros, 0, Math.min(left, zeros.length), this.#size)
    }
  }

  empty(): void {
    ftruncateSync(this.#fd, 0)
    this.#size = 0
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function free(): number {
  const { bavail, bsize } = statfsSync(mountPoint)
  return bavail * bsize
}

const chance = chanceOf(seed)
let asked = 0
/** From 0 to `most`, without it. */
const upTo = (most: number): number => chance.integer(String(asked++), 0, Math.max(0, most - 1))

describe.runIf(canMount)(`a disk that becomes full (COFFER_SEED=${seed})`, () => {
  let vault: VaultFolder
  let filler: Filler
  beforeAll(async () => {
    vault = new VaultFolder(join(mountPoint, 'vault'))
    filler = new Filler()
    await vault.start()
    await vault.bucket('disk')
    await vault.put('disk', 'small', 500)
    await vault.put('disk', 'large', 200_000)
  })
  afterAll(async () => {
    await vault.stop()
    filler.close()
  })

  /** Sends a part of the body, makes the disk full, and sends the rest. */
  function bodyThatFills(body: Buffer, leave: number): Readable {
    const at = upTo(body.length)
    const parts = function* (): Generator<Buffer> {
      yield body.subarray(0, at)
      filler.leave(leave)
      yield body.subarray(at)
    }
    return Readable.from(parts())
  }

  /** Undefined if it went well. Whatever fails must say that the disk is full. */
  async function failureOf(work: Promise<unknown>): Promise<S3ServiceException | undefined> {
    try {
      await work
      return undefined
    } catch (error) {
      expect(error).toBeInstanceOf(S3ServiceException)
      return error as S3ServiceException
    }
  }

  async function put(key: string): Promise<unknown> {
    const body = randomBytes(upTo(2) === 0 ? upTo(30_000) : upTo(3_000_000))
    const mode = upTo(2) === 0 ? {} : { ServerSideEncryption: 'aws:kms' as const }
    const stream = bodyThatFills(body, upTo(4) === 0 ? 0 : upTo(body.length + 40_000))
    const order = { Bucket: 'disk', Key: key, Body: stream, ContentLength: body.length, ...mode }
    const result = await vault.server.s3.send(new PutObjectCommand(order))
    vault.kept.bytes.set(`disk/${key}`, { bucket: 'disk', key, body, more: {} })
    return result
  }

  async function putInParts(key: string): Promise<void> {
    const { s3 } = vault.server
    const [Bucket, Key] = ['disk', key]
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const body = randomBytes(1_000_000)
    const part = { Bucket, Key, UploadId, PartNumber: 1, ContentLength: body.length }
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: bodyThatFills(body, upTo(1_100_000)) }))
    filler.leave(upTo(3) * 5_000)
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    vault.kept.bytes.set(`disk/${key}`, { bucket: 'disk', key, body, more: {} })
  }

  async function change(key: string): Promise<void> {
    filler.leave(upTo(3) * 4096)
    if (upTo(2) === 0) {
      await vault.server.s3.send(new DeleteObjectCommand({ Bucket: 'disk', Key: key }))
      vault.kept.bytes.delete(`disk/${key}`)
      return
    }
    const TagSet = [{ Key: 'a', Value: String(upTo(1000)) }]
    await vault.server.s3.send(new PutObjectTaggingCommand({ Bucket: 'disk', Key: key, Tagging: { TagSet } }))
  }

  it(`at ${String(POINTS)} points: every refusal says so, and nothing that was acknowledged is lost`, async () => {
    let refused = 0
    for (let point = 0; point < POINTS; point++) {
      const known = [...vault.kept.bytes.values()].map(({ key }) => key)
      const key = upTo(3) === 0 ? (known[upTo(known.length)] ?? 'small') : `new ${String(point)}`
      const kind = upTo(4)
      const failed = await failureOf(kind === 0 ? putInParts(key) : kind === 1 ? change(known[0] ?? 'small') : put(key))
      if (failed && failed.name !== 'NoSuchKey') {
        refused++
        expect({ point, name: failed.name, status: failed.$metadata.httpStatusCode }).toEqual({
          ...{ point, name: 'InsufficientStorage', status: 507 },
        })
      }
      // What reads does not need room.
      expect(await vault.failures(), `point ${String(point)}, the disk still full`).toEqual([])
      filler.empty()
      if (point % 5 === 4) await vault.restartAfter(() => undefined)
      expect(vault.codes()).toEqual([])
      expect(await vault.failures(), `point ${String(point)}`).toEqual([])
      // Room for the next point.
      for (const old of [...vault.kept.bytes.keys()].slice(0, -4)) {
        await vault.server.s3.send(new DeleteObjectCommand({ Bucket: 'disk', Key: old.slice(5) }))
        vault.kept.bytes.delete(old)
      }
      await vault.server.storage.removals.sweep(true)
    }
    expect(refused, 'the disk was full when it mattered').toBeGreaterThan(POINTS / 4)
    const files = vault.contentFiles()
    await vault.restartAfter(() => vault.removeIndex())
    expect(await vault.failures()).toEqual([])
    expect(vault.contentFiles()).toEqual(files)
  })

  it('a put that does not fit is refused before its body is read, with what is needed and free; deleting makes room', async () => {
    await vault.put('disk', 'goes', 2_000_000)
    filler.leave(5_000_000)
    const refusal = await failureOf(vault.put('disk', 'too large', 3_000_000))
    expect(refusal?.message).toMatch(/is full\. 6\.9 MiB is needed there, and 4\.\d MiB is free\.$/)
    const call = { service: 'S3', operation: 'PutObject', input: { Bucket: 'disk', Key: 'too large' } } as const
    expect(describeFailure(refusal, call)).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('6.9 MiB is needed') as string,
      facts: { needed: '7194304', free: expect.stringMatching(/^\d+$/) as string },
    })
    filler.leave(1_000_000)
    await vault.server.s3.send(new DeleteObjectCommand({ Bucket: 'disk', Key: 'goes' }))
    vault.kept.bytes.delete('disk/goes')
    // On a disk that is nearly full, what is deleted is not kept for a while.
    await expect.poll(free).toBeGreaterThan(2_500_000)
    filler.empty()
    await vault.put('disk', 'fits', 3_000_000)
    expect(await vault.failures()).toEqual([])
    await expect(
      vault.server.s3.send(new HeadObjectCommand({ Bucket: 'disk', Key: 'too large' })),
    ).rejects.toMatchObject({ name: 'NotFound' })
  })

  it('a KMS key is not made on a full disk, and the keys that are there still work', async () => {
    await vault.put('disk', 'under kms', 100, { ServerSideEncryption: 'aws:kms' })
    filler.leave(0)
    const kms = kmsClient({ ...vault.server, ...vault.server.credentials, region: 'us-east-1' })
    const refusal: unknown = await kms.send(new CreateKeyCommand({})).catch((error: unknown) => error)
    const call = { service: 'KMS', operation: 'CreateKey', input: {} } as const
    expect(describeFailure(refusal, call)).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringMatching(/is full/) as string,
    })
    await vault.server.s3.send(new GetObjectCommand({ Bucket: 'disk', Key: 'under kms' }))
    filler.empty()
    await kms.send(new CreateKeyCommand({}))
    kms.destroy()
  })

  it('a server that cannot start for want of room says so, and loses nothing', async () => {
    await vault.stop()
    filler.leave(0)
    await startLocalServer({ dataDir: vault.dataDir, rootKey: vault.rootKey }).then(
      (server) => server.close(),
      (error: unknown) => expect(String(error)).toMatch(/ENOSPC|full|disk I\/O/),
    )
    filler.empty()
    await vault.start()
    expect(await vault.failures()).toEqual([])
  })
})
