import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { zero } from '../../../base/bytes.ts'
import { KmsError } from '../../request.ts'
import { requireOwner } from '../access.ts'
import type { Caller, Core } from '../core.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { keyArn } from '../names.ts'
import { contextField, dryRunField, keyIdField, operation, stopIfDryRun, type Operation } from '../operation.ts'
import { keyForUse, seal } from '../seal.ts'

const length = {
  KeySpec: z.enum(['AES_128', 'AES_256']).optional(),
  NumberOfBytes: z.number().int().min(1).max(1024).optional(),
}

const dataKeyShape = {
  KeyId: keyIdField,
  EncryptionContext: contextField,
  Recipient: z.unknown().optional(),
  DryRun: dryRunField,
  ...length,
}

/** A fresh data key in both of its forms. The plaintext is the caller's to zero. */
export interface DataKey {
  keyArn: string
  plaintext: Buffer
  ciphertextBlob: Buffer
  materialId: string
}

/** Makes a data key of `bytes` bytes under a key. */
export function generateDataKey(
  core: Core,
  caller: Caller,
  wish: { keyId: string; context: EncryptionContext; bytes: number; action: string; dryRun?: boolean | undefined },
): DataKey {
  const key = keyForUse(core, caller, wish.keyId, wish.action, wish.context)
  stopIfDryRun(wish.dryRun)
  const plaintext = randomBytes(wish.bytes)
  const { blob, materialId } = seal(core, key, wish.context, plaintext)
  return { keyArn: keyArn(key.id), plaintext, ciphertextBlob: blob, materialId }
}

export const dataKeyOperations: Record<string, Operation> = {
  GenerateDataKey: operation(dataKeyShape, (core, caller, input) => {
    refuseRecipient(input.Recipient)
    const made = generateDataKey(core, caller, wishOf(input, 'kms:GenerateDataKey'))
    return {
      CiphertextBlob: made.ciphertextBlob,
      Plaintext: made.plaintext,
      KeyId: made.keyArn,
      KeyMaterialId: made.materialId,
    }
  }),
  GenerateDataKeyWithoutPlaintext: operation(dataKeyShape, (core, caller, input) => {
    const made = generateDataKey(core, caller, wishOf(input, 'kms:GenerateDataKeyWithoutPlaintext'))
    zero(made.plaintext)
    return { CiphertextBlob: made.ciphertextBlob, KeyId: made.keyArn, KeyMaterialId: made.materialId }
  }),
  GenerateRandom: operation(
    { NumberOfBytes: z.number().int().min(1).max(1024), Recipient: z.unknown().optional() },
    (_core, caller, input) => {
      refuseRecipient(input.Recipient)
      requireOwner(caller, 'kms:GenerateRandom')
      return { Plaintext: randomBytes(input.NumberOfBytes) }
    },
  ),
}

type DataKeyInput = z.infer<z.ZodObject<typeof dataKeyShape>>

function wishOf(input: DataKeyInput, action: string) {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
    throw new KmsError('ValidationException', 'Please specify either number of bytes or key spec.')
  }
  const bytes = input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32)
  return { keyId: input.KeyId, context: input.EncryptionContext, bytes, action, dryRun: input.DryRun }
}

/** Answers sealed for a Nitro enclave do not exist here. Throws UnsupportedOperationException. */
export function refuseRecipient(recipient: unknown): void {
  if (recipient !== undefined) throw new KmsError('UnsupportedOperationException', 'Recipient is not supported.')
}
