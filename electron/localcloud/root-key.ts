import { join } from 'node:path'
import { equalBytes, zero } from '../base/bytes.ts'
import { hkdf } from '../base/hkdf.ts'
import { ROOT_KEY_CHECK_FILE, rootKeyCheck } from '../base/root-key-id.ts'
import { readIfThere, replaceFile } from './durable-file.ts'
import { logFolder, opensLog } from './storage/log/log-folder.ts'

/** Every key that hangs on the root key; 32 bytes each. */
export interface DerivedKeys {
  /** S3's own master key (SSE-S3). */
  s3Master: Buffer
  /** Wraps KMS key material at rest. */
  kmsWrapping: Buffer
  /** Wraps principals' secret access keys at rest. */
  principalsWrapping: Buffer
  /** Seals the log of S3's index. */
  indexLog: Buffer
  /** Seals what content files say of themselves. */
  description: Buffer
}

/**
 * Derives the server's keys from the root key (HKDF-SHA256, RFC 5869) and zeroes it; null if the folder was made under
 * another root key. A folder's first root key leaves a check value there, which tells nothing about the key itself.
 */
export function deriveKeys(rootKey: Buffer, dataDir: string): DerivedKeys | null {
  const derive = (purpose: string): Buffer =>
    hkdf('sha256', rootKey, Buffer.alloc(0), `coffer localcloud ${purpose} v1`, 32)
  const keys = {
    s3Master: derive('s3 master key'),
    kmsWrapping: derive('kms wrapping key'),
    principalsWrapping: derive('principals wrapping key'),
    indexLog: derive('index log key'),
    description: derive('content description key'),
  }
  const check = Buffer.from(rootKeyCheck(rootKey), 'hex')
  zero(rootKey)
  const known = readCheck(dataDir)
  // Without the check, the log still tells whether the folder belongs to this key.
  const isRight = known === null ? opensLog(logFolder(dataDir), keys.indexLog) !== false : equalBytes(known, check)
  if (isRight) {
    if (known === null) writeCheck(dataDir, check)
    return keys
  }
  forgetKeys(keys)
  return null
}

/** Zeroes all of them. */
export function forgetKeys(keys: DerivedKeys): void {
  zero(...(Object.values(keys) as Buffer[]))
}

function checkFile(dataDir: string): string {
  return join(dataDir, ROOT_KEY_CHECK_FILE)
}

function readCheck(dataDir: string): Buffer | null {
  const text = readIfThere(checkFile(dataDir))
  return text && Buffer.from(text.toString('ascii').trim(), 'hex')
}

function writeCheck(dataDir: string, check: Buffer): void {
  replaceFile(checkFile(dataDir), Buffer.from(`${check.toString('hex')}\n`))
}
