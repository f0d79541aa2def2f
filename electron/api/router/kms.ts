import { addAlias, moveAlias, removeAlias } from '../../cloud/kms/aliases.ts'
import { cancelDeletion, scheduleDeletion } from '../../cloud/kms/deletion.ts'
import { createKey, describeKey, disableKey, enableKey, listKeys, ownKeyId } from '../../cloud/kms/keys.ts'
import { changePolicy, policyOf, putPolicy, reviewPolicy } from '../../cloud/kms/policy.ts'
import { rotateNow, rotationHistory, rotationStatus, setRotation } from '../../cloud/kms/rotation.ts'
import { tagKey, tagsOf, untagKey } from '../../cloud/kms/tags.ts'
import { tolerating } from '../../cloud/kms/tolerate.ts'
import { LOCAL_PLACE } from '../../cloud/places.ts'
import type { Coffer, OpenVault, PlaceRef } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'

interface Call<Input> {
  input: Input
  context: { coffer: Coffer }
  signal?: AbortSignal | undefined
}

/** What a procedure works with. */
interface Place extends Pick<OpenVault, 'kms'> {
  /** The person is This computer's owner there. */
  isOwner: boolean
  /** How many known objects need a key. */
  objects: (key: { keyId: string; arn: string }) => number
}

type Do<Input, Result> = (place: Place, input: Input, signal: AbortSignal) => Promise<Result>

/** Looks something up at the place's KMS. */
function look<Input extends { place?: PlaceRef }, Result>(work: Do<Input, Result>) {
  return async ({ input, context: { coffer }, signal }: Call<Input>): Promise<Result> => {
    using vault = await coffer.openVault(input.place)
    return await work(placeOf(vault, coffer), input, signalOf(signal))
  }
}

/** Changes something there, and writes down that it was tried. */
function change<Input extends { place?: PlaceRef; key?: string; alias?: string | undefined }, Result>(
  work: Do<Input, Result>,
) {
  return async ({ input, context: { coffer }, signal }: Call<Input>): Promise<Result> => {
    using vault = await coffer.openVault(input.place)
    const what = { what: 'kms' as const, place: vault.place, keyId: input.key ?? input.alias }
    return await recorded(coffer, what, () => work(placeOf(vault, coffer), input, signalOf(signal)))
  }
}

function placeOf({ place, kms }: OpenVault, { catalog }: Coffer): Place {
  return {
    kms,
    isOwner: place === LOCAL_PLACE,
    objects: ({ keyId, arn }) => catalog.countByKey(arn) + catalog.countByKey(keyId),
  }
}

const { kms } = procedures

export const kmsRouter = {
  list: kms.list.handler(look((place, _input, signal) => listKeys(place.kms, signal))),

  create: kms.create.handler(
    change(({ kms }, { description, alias, tags }, signal) => createKey(kms, { description, alias, tags }, signal)),
  ),

  describe: kms.describe.handler(
    look(async ({ kms, objects }, { key }, signal) => {
      const found = await describeKey(kms, key, signal)
      const [rotation, history, tags] = await Promise.all([
        rotationStatus(kms, found, signal),
        tolerating(rotationHistory(kms, found.keyId, signal)),
        tolerating(tagsOf(kms, found.keyId, signal)),
      ])
      return { ...found, rotation, history: history ?? undefined, tags: tags ?? undefined, objects: objects(found) }
    }),
  ),

  enable: kms.enable.handler(
    change(async ({ kms }, { key }, signal) => {
      await enableKey(kms, key, signal)
      return await describeKey(kms, key, signal)
    }),
  ),

  disable: kms.disable.handler(
    change(async ({ kms }, { key }, signal) => {
      await disableKey(kms, key, signal)
      return await describeKey(kms, key, signal)
    }),
  ),

  rotate: kms.rotate.handler(
    change(async ({ kms }, { key }, signal) => {
      await rotateNow(kms, await ownKeyId(kms, key, signal), signal)
      return await describeKey(kms, key, signal)
    }),
  ),

  setRotation: kms.setRotation.handler(
    change(async ({ kms }, { key, automatic, periodDays }, signal) => {
      await setRotation(kms, await ownKeyId(kms, key, signal), { automatic, periodDays }, signal)
      const changed = await describeKey(kms, key, signal)
      return { ...changed, rotation: await rotationStatus(kms, changed, signal) }
    }),
  ),

  history: kms.history.handler(
    look(async ({ kms }, { key }, signal) => {
      const { keyId } = await describeKey(kms, key, signal)
      return await rotationHistory(kms, keyId, signal)
    }),
  ),

  policy: kms.policy.handler(look(async ({ kms }, { key }, signal) => ({ policy: await policyOf(kms, key, signal) }))),

  reviewPolicy: kms.reviewPolicy.handler(
    look(({ kms, isOwner }, { key, policy }, signal) => reviewPolicy(kms, key, policy, isOwner, signal)),
  ),

  setPolicy: kms.setPolicy.handler(
    change(({ kms, isOwner }, { key, policy, acceptLockout }, signal) =>
      putPolicy(kms, key, policy, { isOwner, acceptLockout }, signal),
    ),
  ),

  changePolicy: kms.changePolicy.handler(
    change(({ kms, isOwner }, { key, acceptLockout, change: kind, principal, actions }, signal) =>
      changePolicy(kms, key, { change: kind, principal, actions }, { isOwner, acceptLockout }, signal),
    ),
  ),

  addAlias: kms.addAlias.handler(
    change(async ({ kms }, { key, alias }, signal) => {
      await addAlias(kms, alias, await ownKeyId(kms, key, signal), signal)
      return await describeKey(kms, alias, signal)
    }),
  ),

  moveAlias: kms.moveAlias.handler(
    change(async ({ kms }, { key, alias }, signal) => {
      await moveAlias(kms, alias, await ownKeyId(kms, key, signal), signal)
      return await describeKey(kms, alias, signal)
    }),
  ),

  removeAlias: kms.removeAlias.handler(
    change(async ({ kms }, { alias }, signal) => {
      await removeAlias(kms, alias, signal)
      return { alias }
    }),
  ),

  tag: kms.tag.handler(
    change(async ({ kms }, { key, tags }, signal) => {
      const keyId = await ownKeyId(kms, key, signal)
      await tagKey(kms, keyId, tags, signal)
      return await tagsOf(kms, keyId, signal)
    }),
  ),

  untag: kms.untag.handler(
    change(async ({ kms }, { key, names }, signal) => {
      const keyId = await ownKeyId(kms, key, signal)
      await untagKey(kms, keyId, names, signal)
      return await tagsOf(kms, keyId, signal)
    }),
  ),

  usage: kms.usage.handler(
    look(async ({ kms, objects }, { key }, signal) => {
      const found = await describeKey(kms, key, signal)
      return { ...found, objects: objects(found) }
    }),
  ),

  scheduleDeletion: kms.scheduleDeletion.handler(
    change(async ({ kms }, { key, days, confirm }, signal) => {
      await scheduleDeletion(kms, key, { days, confirm }, signal)
      return await describeKey(kms, key, signal)
    }),
  ),

  cancelDeletion: kms.cancelDeletion.handler(
    change(async ({ kms }, { key }, signal) => {
      await cancelDeletion(kms, key, signal)
      return await describeKey(kms, key, signal)
    }),
  ),
}
