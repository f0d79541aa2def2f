import type { Restored } from '../backed-up-database.ts'
import { KmsError, type KmsPort, type Principal } from '../request.ts'
import { findKey, MANAGED_S3_ALIAS, settleAll, type Caller, type Core } from './core.ts'
import { CONTEXT_RULE, isEncryptionContext } from './encryption-context.ts'
import { keyArn } from './names.ts'
import { generateDataKey } from './operations/data-keys.ts'
import { OPERATIONS } from './operations/index.ts'
import { forgetPrincipal } from './operations/policies.ts'
import { S3_SERVICE } from './policy/defaults.ts'
import { open } from './seal.ts'
import { openKmsStore } from './store.ts'

export interface KmsOptions {
  dataDir: string
  /** 32 bytes; the caller keeps it until close() and zeroes it then. */
  wrappingKey: Buffer
  /** Milliseconds since the epoch. */
  now: () => number
  principalExists: (arn: string) => boolean
  /** A recovery kit's copy of `kms.backup`, for a folder that has lost its own. */
  kit?: Uint8Array | undefined
}

export interface Kms {
  /** Why the keys were restored from their backup, if they were. */
  restored: Restored | undefined
  /** It began without keys. */
  isFresh: boolean
  /** What S3 calls, as itself. */
  port: KmsPort
  /** One call of the JSON API; buffers in the answer go out as base64 and are the caller's to zero. Throws KmsError. */
  call(principal: Principal, action: string, input: unknown): object
  /** Rotates and destroys the keys for which it is time. */
  settle(): void
  /** Takes a deleted principal out of every policy. */
  forgetPrincipal(arn: string, uniqueId: string): void
  close(): void
}

const DATA_KEY_BYTES = 32

/** Opens KMS's state in a folder. Throws NoBackupError. */
export function createKms({ dataDir, wrappingKey, now, principalExists, kit }: KmsOptions): Kms {
  const store = openKmsStore(dataDir, wrappingKey, kit)
  const core: Core = { store, wrappingKey, now, principalExists }
  settleAll(core)
  return {
    restored: store.restored,
    isFresh: store.isFresh,
    port: portOf(core),
    call(principal, action, input) {
      const operation = OPERATIONS.get(action)
      if (!operation) throw new KmsError('UnknownOperationException', `The action ${action} is not supported.`)
      return operation(core, { principal, via: undefined }, input)
    },
    settle: () => settleAll(core),
    forgetPrincipal: (arn, uniqueId) => forgetPrincipal(core, arn, uniqueId),
    close: () => store.close(),
  }
}

function portOf(core: Core): KmsPort {
  const throughS3 = (principal: Principal): Caller => ({ principal, via: S3_SERVICE })
  return {
    generateDataKey(principal, keyId = MANAGED_S3_ALIAS, context) {
      if (!isEncryptionContext(context)) throw new KmsError('ValidationException', CONTEXT_RULE)
      const wish = { keyId, context, bytes: DATA_KEY_BYTES, action: 'kms:GenerateDataKey' }
      const { keyArn: arn, plaintext, ciphertextBlob } = generateDataKey(core, throughS3(principal), wish)
      return { keyArn: arn, plaintext, ciphertextBlob }
    },
    decrypt(principal, blob, context) {
      const opened = open(core, throughS3(principal), blob, context, { keyId: undefined, action: 'kms:Decrypt' })
      return { keyArn: keyArn(opened.key.id), plaintext: opened.plaintext }
    },
    resolve: (keyId) => keyArn(findKey(core, keyId).id),
  }
}
