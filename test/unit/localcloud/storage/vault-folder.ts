import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  type ObjectVersion,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import {
  Acknowledged,
  customerKey,
  startLocalServer,
  type LocalServer,
  type LocalServerOptions,
} from '../../../support/local-server.ts'

/** Larger than what is kept in the index. */
export const LARGE = 100_000

export interface Described {
  Bucket: string | undefined
  CreationDate: Date | undefined
  Status: string | undefined
  ServerSideEncryptionConfiguration: object | undefined
  Versions: ObjectVersion[] | undefined
  DeleteMarkers: object[] | undefined
  objects: object[]
}

type StartOptions = Omit<LocalServerOptions, 'dataDir' | 'rootKey'>

/** This computer's folder with a server on it, which can be stopped and started again. */
export class VaultFolder {
  readonly dataDir: string
  readonly rootKey = randomBytes(32)
  readonly kept = new Acknowledged()
  #server: LocalServer | undefined

  /** In a fresh folder unless told. */
  constructor(dataDir = mkdtempSync(join(tmpdir(), 'coffer-vault-'))) {
    this.dataDir = dataDir
  }

  get server(): LocalServer {
    if (!this.#server) throw new Error('The server does not run')
    return this.#server
  }

  async start(options: StartOptions = {}): Promise<void> {
    this.#server = await startLocalServer({ dataDir: this.dataDir, rootKey: this.rootKey, ...options })
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    this.#server = undefined
  }

  /** Stops the server, does something to its folder, and starts it again. */
  async restartAfter(act: () => void, options: StartOptions = {}): Promise<void> {
    await this.stop()
    act()
    await this.start(options)
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.dataDir, { recursive: true })
  }

  file(...names: string[]): string {
    return join(this.dataDir, ...names)
  }

  removeIndex(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.file(`s3.db${suffix}`), { force: true })
  }

  removeLog(): void {
    rmSync(this.file('objects', 'log'), { recursive: true })
  }

  /** The names of all content files, wherever they are. */
  contentFiles(): string[] {
    const names = ['objects', 'found'].flatMap((folder) =>
      existsSync(this.file(folder)) ? readdirSync(this.file(folder), { recursive: true, encoding: 'utf8' }) : [],
    )
    const ids = names.map((name) => name.slice(-32)).filter((name) => /^[0-9a-f]{32}$/.test(name))
    return ids.sort()
  }

  codes(): string[] {
    return this.server.notices.map(({ code }) => code)
  }

  failures(): Promise<string[]> {
    return this.kept.failures(this.server)
  }

  bucket(name: string): Promise<void> {
    return this.kept.bucket(this.server, name)
  }

  /** Puts an object of random bytes. */
  async put(bucket: string, key: string, bytes: number, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
    await this.kept.put(this.server, bucket, key, randomBytes(bytes), more)
  }

  async listed(Bucket: string): Promise<(string | undefined)[]> {
    const { Contents = [] } = await this.server.s3.send(new ListObjectsV2Command({ Bucket }))
    return Contents.map(({ Key }) => Key)
  }

  /** Objects of every mode, small and large, in parts, with versions, a delete marker, tags and a bucket's settings. */
  async fill(): Promise<void> {
    const { s3 } = this.server
    await this.bucket('plain')
    const modes = {
      s3: {},
      kms: { ServerSideEncryption: 'aws:kms' as const },
      dsse: { ServerSideEncryption: 'aws:kms:dsse' as const },
      c: customerKey(randomBytes(32)),
    }
    for (const [name, mode] of Object.entries(modes)) {
      await this.put('plain', `${name}/small ü`, 500, {
        ...mode,
        Metadata: { colour: 'red' },
        ContentType: 'a/b',
      })
      await this.put('plain', `${name}/large`, LARGE, { ...mode, Metadata: { colour: 'blue' } })
    }
    await this.put('plain', 'empty', 0)
    await this.put('plain', 'overwritten', LARGE)
    await this.put('plain', 'overwritten', LARGE)
    await this.putInParts('plain', 'parts', [5 << 20, LARGE])
    await this.bucket('versioned')
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } }
    await s3.send(
      new PutBucketEncryptionCommand({ Bucket: 'versioned', ServerSideEncryptionConfiguration: { Rules: [rule] } }),
    )
    for (const size of [LARGE, 300, LARGE + 1]) await this.put('versioned', 'three', size)
    await s3.send(
      new PutObjectTaggingCommand({
        Bucket: 'versioned',
        Key: 'three',
        Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] },
      }),
    )
    await this.put('versioned', 'marked', LARGE)
    await s3.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'marked' }))
    this.kept.bytes.delete('versioned/marked')
  }

  async putInParts(Bucket: string, Key: string, sizes: number[]): Promise<void> {
    const bodies = sizes.map((size) => randomBytes(size))
    const { UploadId } = await this.server.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const Parts = []
    for (const [index, Body] of bodies.entries()) {
      const PartNumber = index + 1
      const { ETag } = await this.server.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
      Parts.push({ ETag, PartNumber })
    }
    await this.server.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
    this.kept.bytes.set(`${Bucket}/${Key}`, { bucket: Bucket, key: Key, body: Buffer.concat(bodies), more: {} })
  }

  /** All that S3 tells of what is stored. */
  async described(): Promise<Described[]> {
    const { s3 } = this.server
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    const buckets: Described[] = []
    for (const { Name: Bucket, CreationDate } of Buckets) {
      const versions = await s3.send(new ListObjectVersionsCommand({ Bucket }))
      const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }))
      const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }))
      const objects = []
      for (const { Key, VersionId } of versions.Versions ?? []) {
        const own = this.kept.bytes.get(`${Bucket ?? ''}/${Key ?? ''}`)?.more ?? {}
        const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = own
        const named = { Bucket, Key, VersionId }
        const head = await s3.send(
          new HeadObjectCommand({ ...named, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }),
        )
        const { TagSet } = await s3.send(new GetObjectTaggingCommand(named))
        objects.push({ ...head, $metadata: undefined, TagSet })
      }
      const { Versions, DeleteMarkers } = versions
      buckets.push({
        Bucket,
        CreationDate,
        Status,
        ServerSideEncryptionConfiguration,
        Versions,
        DeleteMarkers,
        objects,
      })
    }
    return buckets
  }
}
