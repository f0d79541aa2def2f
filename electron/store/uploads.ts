import type { DatabaseSync } from 'node:sqlite'
import type { EnvelopeFormat, ModeChoice } from '../base/mode-names.ts'
import { transaction } from '../base/transaction.ts'
import { flushLog } from './flush-log.ts'
import { openOwner } from './owner.ts'
import { writeBehind } from './write-behind.ts'

/** What makes two uploads the same one, repeated. */
export interface UploadOrder {
  place: string
  bucket: string
  key: string
  /** The real path of the file. */
  path: string
  mode: ModeChoice
  /** How it is to be written. No secrets. */
  options: Readonly<Record<string, unknown>>
}

/** An upload in parts that S3 has opened, as far as its completion and its journey need it. No secrets. */
export interface OpenedUpload {
  uploadId: string
  bytesAPart: number
  serverSideEncryption?: string | undefined
  kmsKeyId?: string | undefined
  bucketKeyEnabled?: boolean | undefined
  customerAlgorithm?: string | undefined
}

/** What is written down of an upload before S3 is asked to open it. */
export interface NewUpload extends Omit<UploadOrder, 'path'> {
  /** Undefined for what came as a stream, and cannot go on. */
  path: string | undefined
  /** Plaintext bytes. */
  size: number
  mtimeNs: bigint | undefined
  inode: bigint | undefined
  format: EnvelopeFormat | undefined
  keyId: string | undefined
  /** The user metadata, as it will be stored. Its envelope holds the data key wrapped, as any reader will get it. */
  metadata: Record<string, string>
}

export interface SavedUpload extends Omit<NewUpload, 'options'> {
  id: number
  /** Undefined: S3 was asked, and whether it has opened an upload is not known. */
  opened: OpenedUpload | undefined
  createdAt: Date
  /** Stored bytes that S3 has acknowledged, as far as is known. */
  acknowledged: number
}

/** A part that was about to leave, and may have. */
export interface SavedPart {
  size: number
  /** SHA-256 of its stored bytes. */
  sha256: Buffer
  /** Undefined: S3's answer did not come. */
  etag: string | undefined
}

/** An upload that this process alone is at, until it is disposed of. */
export interface HeldUpload extends Disposable {
  saved: SavedUpload
  parts(): Map<number, SavedPart>
  opened(upload: OpenedUpload): void
  /**
   * Before a part leaves. `durable`: the row outlives a power cut too. What a client-side write may have sent must be known
   * for ever, or other content could follow it under the same key and IV; of the others, and of answers, a crash of this
   * program is all that has to be outlived, for what is lost with the power is only sent once more.
   */
  attempted(part: { number: number; size: number; sha256: Buffer }, durable: boolean): Promise<void>
  acknowledged(part: { number: number; etag: string }): void
  /** Nothing of it is left to do, or to clean up. What was remembered of its object is written in the same transaction. */
  drop(): void
}

/** The journal of uploads in parts. */
export interface Uploads extends Disposable {
  begin(upload: NewUpload): HeldUpload
  /** Takes the uploads of this order that were cut off, newest first; not those that a living process is at. */
  takeUp(order: UploadOrder): HeldUpload[]
  /** Takes one that was cut off; null if it is gone, or somebody is at it. */
  take(id: number): HeldUpload | null
  /** What was cut off: anywhere, at a place, or in one of its buckets. Newest first. */
  left(place?: string, bucket?: string): SavedUpload[]
}

type Row = Record<string, unknown>

/** `home` takes the lock files by which a living process is told from a dead one. */
export function openUploads(db: DatabaseSync, home: string): Uploads {
  const insert = db.prepare(`
    INSERT INTO uploads (identity, place, bucket, key, path, size, mtime_ns, inode, mode, format, metadata, key_id, owner,
      created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`)
  const columns =
    'SELECT *, (SELECT sum(size) FROM upload_parts WHERE upload = id AND etag IS NOT NULL) AS acknowledged'
  const byIdentity = db.prepare(`${columns} FROM uploads WHERE identity = ? ORDER BY id DESC`)
  const byId = db.prepare(`${columns} FROM uploads WHERE id = ?`)
  const byPlace = db.prepare(
    `
    ${columns} FROM uploads WHERE place = ifnull(?1, place) AND bucket = ifnull(?2, bucket) ORDER BY id DESC`,
  )
  const setOwner = db.prepare('UPDATE uploads SET owner = ? WHERE id = ?')
  const setOpened = db.prepare('UPDATE uploads SET opened = ? WHERE id = ?')
  const remove = db.prepare('DELETE FROM uploads WHERE id = ?')
  const selectParts = db.prepare('SELECT * FROM upload_parts WHERE upload = ?')
  const attempt = db.prepare('INSERT INTO upload_parts (upload, number, size, sha256) VALUES (?, ?, ?, ?)')
  const acknowledge = db.prepare('UPDATE upload_parts SET etag = ? WHERE upload = ? AND number = ?')
  const owner = openOwner(home)
  const { later, flush } = writeBehind(db)
  const held = new Set<number>()

  /** SQLite waits for the disk at each commit, unless told otherwise for one. */
  const withoutWaiting = (write: () => void): void => {
    db.exec('PRAGMA synchronous = NORMAL')
    try {
      write()
    } finally {
      db.exec('PRAGMA synchronous = FULL')
    }
  }

  const hold = (saved: SavedUpload): HeldUpload => {
    const { id } = saved
    let released = false
    held.add(id)
    return {
      saved,
      parts: () => new Map(selectParts.all(id).map((row) => [row['number'] as number, toPart(row)])),
      opened(upload) {
        setOpened.run(JSON.stringify(upload), id)
        saved.opened = upload
      },
      async attempted({ number, size, sha256 }, durable) {
        withoutWaiting(() => attempt.run(id, number, size, sha256))
        if (durable) await flushLog(db)
      },
      acknowledged: ({ number, etag }) => withoutWaiting(() => acknowledge.run(etag, id, number)),
      drop() {
        // With what the catalog is about to learn of the object.
        later(() => remove.run(id))
        flush()
      },
      [Symbol.dispose]() {
        if (released) return
        released = true
        held.delete(id)
        if (db.isOpen) setOwner.run(null, id)
      },
    }
  }

  /** Somebody is at it: another process, or another call in this one. */
  const isHeld = (row: Row): boolean => {
    const by = row['owner'] as string | null
    if (by === null) return false
    return by === owner.id ? held.has(row['id'] as number) : !owner.isDead(by)
  }

  const takeRows = (rows: Row[]): HeldUpload[] => {
    owner.live()
    return rows
      .filter((row) => !isHeld(row))
      .map((row) => {
        const before = row['owner'] as string | null
        if (before !== null && before !== owner.id) owner.bury(before)
        setOwner.run(owner.id, row['id'] as number)
        return hold(toSaved(row))
      })
  }

  return {
    begin(upload) {
      const { place, bucket, key, path, size, mtimeNs, inode, mode, format, metadata, keyId } = upload
      const identity = path === undefined ? null : identityOf({ ...upload, path })
      const createdAt = new Date()
      owner.live()
      const row = insert.get(
        ...[identity, place, bucket, key, path ?? null, size, mtimeNs?.toString() ?? null, inode?.toString() ?? null],
        ...[mode, format ?? null, JSON.stringify(metadata), keyId ?? null, owner.id, createdAt.getTime()],
      )
      return hold({ ...upload, id: row?.['id'] as number, opened: undefined, createdAt, acknowledged: 0 })
    },
    takeUp(order) {
      const identity = identityOf(order)
      if (byIdentity.get(identity) === undefined) return []
      return transaction(db, () => takeRows(byIdentity.all(identity)))
    },
    take: (id) => transaction(db, () => takeRows(byId.all(id))[0] ?? null),
    left: (place, bucket) =>
      byPlace
        .all(place ?? null, bucket ?? null)
        .filter((row) => !isHeld(row))
        .map(toSaved),
    [Symbol.dispose]: () => owner[Symbol.dispose](),
  }
}

function toSaved(row: Row): SavedUpload {
  const opened = row['opened'] as string | null
  return {
    id: row['id'] as number,
    place: row['place'] as string,
    bucket: row['bucket'] as string,
    key: row['key'] as string,
    path: (row['path'] as string | null) ?? undefined,
    size: row['size'] as number,
    mtimeNs: toBigInt(row['mtime_ns'] as string | null),
    inode: toBigInt(row['inode'] as string | null),
    mode: row['mode'] as ModeChoice,
    format: (row['format'] as EnvelopeFormat | null) ?? undefined,
    metadata: JSON.parse(row['metadata'] as string) as Record<string, string>,
    keyId: (row['key_id'] as string | null) ?? undefined,
    opened: opened === null ? undefined : (JSON.parse(opened) as OpenedUpload),
    createdAt: new Date(row['created_at'] as number),
    acknowledged: (row['acknowledged'] as number | null) ?? 0,
  }
}

function toPart(row: Row): SavedPart {
  const etag = (row['etag'] as string | null) ?? undefined
  return { size: row['size'] as number, sha256: Buffer.from(row['sha256'] as Uint8Array), etag }
}

function toBigInt(text: string | null): bigint | undefined {
  return text === null ? undefined : BigInt(text)
}

function identityOf({ place, bucket, key, path, mode, options }: UploadOrder): string {
  const said = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, isRecord(value) ? Object.entries(value).sort() : value])
    .sort()
  return JSON.stringify([place, bucket, key, path, mode, said])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
