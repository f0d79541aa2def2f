import type { KMSClient } from '@aws-sdk/client-kms'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { isCofferError } from '../../base/errors.ts'
import { send } from '../../cloud/send.ts'
import type { Coffer, PlaceRef } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { describeKey, listKeys, rotationOf, tagsOf } from './kms-keys.ts'
import type { KmsKey } from './kms-keys.ts'
import { recorded } from './recorded.ts'

interface Call<Input> {
  input: Input
  context: { coffer: Coffer }
  signal?: AbortSignal | undefined
}

type Do<Input, Result> = (kms: KMSClient, input: Input, signal: AbortSignal) => Promise<Result>

/** Looks something up at the place's KMS. */
function look<Input extends { place?: PlaceRef }, Result>(work: Do<Input, Result>) {
  return async ({ input, context, signal }: Call<Input>): Promise<Result> => {
    using vault = await context.coffer.openVault(input.place)
    return await work(vault.kms, input, signalOf(signal))
  }
}

/** Changes a key, writes down that it was tried, and returns the key as it is then. */
function change<Input extends { place?: PlaceRef; key: string }>(work: Do<Input, unknown>) {
  return async ({ input, context, signal }: Call<Input>): Promise<KmsKey> => {
    using vault = await context.coffer.openVault(input.place)
    const what = { what: 'kms' as const, place: vault.place, keyId: input.key }
    await recorded(context.coffer, what, () => work(vault.kms, input, signalOf(signal)))
    return await describeKey(vault.kms, input.key, signalOf(signal))
  }
}

/** KMS takes an alias for most calls, but wants the id or ARN to rotate, tag, alias or set a policy. */
async function idOf(kms: KMSClient, key: string, signal: AbortSignal): Promise<string> {
  return key.startsWith('alias/') || key.includes(':alias/') ? (await describeKey(kms, key, signal)).keyId : key
}

const { kms } = procedures

export const kmsRouter = {
  list: kms.list.handler(look((client, _input, signal) => listKeys(client, signal))),

  create: kms.create.handler(
    look(async (client, { description, alias }, signal) => {
      const { KeyMetadata } = await send(client, new CreateKeyCommand({ Description: description }), signal)
      const keyId = KeyMetadata?.KeyId ?? ''
      if (alias !== undefined) {
        await send(client, new CreateAliasCommand({ AliasName: alias, TargetKeyId: keyId }), signal)
      }
      return await describeKey(client, keyId, signal)
    }),
  ),

  describe: kms.describe.handler(
    look(async (client, { key }, signal) => {
      const found = await describeKey(client, key, signal)
      const rotation = await rotationOf(client, found.keyId, signal)
      return { ...found, rotation, tags: await tagsOf(client, found.keyId, signal) }
    }),
  ),

  enable: kms.enable.handler(
    change(async (client, { key }, signal) =>
      send(client, new EnableKeyCommand({ KeyId: await idOf(client, key, signal) }), signal),
    ),
  ),

  disable: kms.disable.handler(
    change(async (client, { key }, signal) =>
      send(client, new DisableKeyCommand({ KeyId: await idOf(client, key, signal) }), signal),
    ),
  ),

  rotate: kms.rotate.handler(
    change(async (client, { key }, signal) =>
      send(client, new RotateKeyOnDemandCommand({ KeyId: await idOf(client, key, signal) }), signal),
    ),
  ),

  setRotation: kms.setRotation.handler(
    change(async (client, { key, automatic, periodDays }, signal) => {
      const KeyId = await idOf(client, key, signal)
      if (!automatic) return await send(client, new DisableKeyRotationCommand({ KeyId }), signal)
      return await send(client, new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: periodDays }), signal)
    }),
  ),

  policy: kms.policy.handler(
    look(async (client, { key }, signal) => {
      const KeyId = await idOf(client, key, signal)
      const { Policy } = await send(client, new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }), signal)
      return { policy: Policy ?? '' }
    }),
  ),

  setPolicy: kms.setPolicy.handler(
    look(async (client, { key, policy }, signal) => {
      const KeyId = await idOf(client, key, signal)
      await send(client, new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: policy }), signal)
    }),
  ),

  setAlias: kms.setAlias.handler(
    change(async (client, { key, alias }, signal) => {
      const names = { AliasName: alias, TargetKeyId: await idOf(client, key, signal) }
      try {
        await send(client, new CreateAliasCommand(names), signal)
      } catch (error) {
        if (!isCofferError(error, 'ALREADY_EXISTS')) throw error
        await send(client, new UpdateAliasCommand(names), signal)
      }
    }),
  ),

  removeAlias: kms.removeAlias.handler(
    look(async (client, { alias }, signal) => {
      await send(client, new DeleteAliasCommand({ AliasName: alias }), signal)
    }),
  ),

  tag: kms.tag.handler(
    look(async (client, { key, tags }, signal) => {
      const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
      await send(client, new TagResourceCommand({ KeyId: await idOf(client, key, signal), Tags }), signal)
    }),
  ),

  untag: kms.untag.handler(
    look(async (client, { key, names }, signal) => {
      await send(client, new UntagResourceCommand({ KeyId: await idOf(client, key, signal), TagKeys: names }), signal)
    }),
  ),

  scheduleDeletion: kms.scheduleDeletion.handler(
    change(async (client, { key, days }, signal) => {
      const KeyId = await idOf(client, key, signal)
      return await send(client, new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: days }), signal)
    }),
  ),

  cancelDeletion: kms.cancelDeletion.handler(
    change(async (client, { key }, signal) =>
      send(client, new CancelKeyDeletionCommand({ KeyId: await idOf(client, key, signal) }), signal),
    ),
  ),
}
