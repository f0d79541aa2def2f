import { zero } from '../../../base/bytes.ts'
import { z } from 'zod'
import { keyArn } from '../names.ts'
import {
  algorithmField,
  blobField,
  contextField,
  dryRunField,
  keyIdField,
  operation,
  requireSymmetric,
  stopIfDryRun,
  type Operation,
} from '../operation.ts'
import { keyForUse, open, seal } from '../seal.ts'
import { refuseRecipient } from './data-keys.ts'

const plaintextField = blobField(1, 4096)
const ciphertextField = blobField(1, 6144)

export const ciphertextOperations: Record<string, Operation> = {
  Encrypt: operation(
    {
      KeyId: keyIdField,
      Plaintext: plaintextField,
      EncryptionContext: contextField,
      EncryptionAlgorithm: algorithmField,
      DryRun: dryRunField,
    },
    (core, caller, input) => {
      requireSymmetric(input.EncryptionAlgorithm)
      const key = keyForUse(core, caller, input.KeyId, 'kms:Encrypt', input.EncryptionContext)
      stopIfDryRun(input.DryRun)
      const { blob } = seal(core, key, input.EncryptionContext, input.Plaintext)
      zero(input.Plaintext)
      return { CiphertextBlob: blob, KeyId: keyArn(key.id), EncryptionAlgorithm: input.EncryptionAlgorithm }
    },
  ),
  Decrypt: operation(
    {
      CiphertextBlob: ciphertextField,
      KeyId: keyIdField.optional(),
      EncryptionContext: contextField,
      EncryptionAlgorithm: algorithmField,
      Recipient: z.unknown().optional(),
      DryRun: dryRunField,
    },
    (core, caller, input) => {
      refuseRecipient(input.Recipient)
      requireSymmetric(input.EncryptionAlgorithm)
      const opened = open(core, caller, input.CiphertextBlob, input.EncryptionContext, {
        keyId: input.KeyId,
        action: 'kms:Decrypt',
      })
      if (input.DryRun) zero(opened.plaintext)
      stopIfDryRun(input.DryRun)
      return {
        KeyId: keyArn(opened.key.id),
        Plaintext: opened.plaintext,
        EncryptionAlgorithm: input.EncryptionAlgorithm,
        KeyMaterialId: opened.materialId,
      }
    },
  ),
  ReEncrypt: operation(
    {
      CiphertextBlob: ciphertextField,
      SourceEncryptionContext: contextField,
      SourceKeyId: keyIdField.optional(),
      SourceEncryptionAlgorithm: algorithmField,
      DestinationKeyId: keyIdField,
      DestinationEncryptionContext: contextField,
      DestinationEncryptionAlgorithm: algorithmField,
      DryRun: dryRunField,
    },
    (core, caller, input) => {
      requireSymmetric(input.SourceEncryptionAlgorithm)
      requireSymmetric(input.DestinationEncryptionAlgorithm)
      const target = keyForUse(
        core,
        caller,
        input.DestinationKeyId,
        'kms:ReEncryptTo',
        input.DestinationEncryptionContext,
      )
      const source = open(core, caller, input.CiphertextBlob, input.SourceEncryptionContext, {
        keyId: input.SourceKeyId,
        action: 'kms:ReEncryptFrom',
      })
      try {
        stopIfDryRun(input.DryRun)
        const sealed = seal(core, target, input.DestinationEncryptionContext, source.plaintext)
        return {
          CiphertextBlob: sealed.blob,
          SourceKeyId: keyArn(source.key.id),
          KeyId: keyArn(target.id),
          SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
          DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
          SourceKeyMaterialId: source.materialId,
          DestinationKeyMaterialId: sealed.materialId,
        }
      } finally {
        zero(source.plaintext)
      }
    },
  ),
}
