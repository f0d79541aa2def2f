import { ListKeysCommand } from '@aws-sdk/client-kms'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { openInBrowser } from '../../base/browser.ts'
import { isCofferError } from '../../base/errors.ts'
import { send } from '../../cloud/send.ts'
import { signIn } from '../../cloud/sso/sign-in.ts'
import type { Place } from '../../store/places.ts'
import { asText } from '../../store/settings.ts'
import { listBuckets } from '../../vault/list.ts'
import { toFailure } from '../failures.ts'
import type { Failure } from '../contract/common.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'

const { places } = procedures

/** The setting that `openVault` reads when no place is named. */
const DEFAULT_PLACE = 'defaultPlace'

export const placesRouter = {
  list: places.list.handler(async ({ context: { coffer } }) => {
    const usual = coffer.settings.get(DEFAULT_PLACE, asText) ?? 'local'
    return (await coffer.places.list()).map((place) => ({ ...shown(place), isDefault: place.id === usual }))
  }),

  add: places.add.handler(async ({ input, context: { coffer } }) => {
    const { name, connection, keys } = input
    const { profile } = connection
    const credentials =
      keys !== undefined
        ? { kind: 'keys' as const, ...keys }
        : profile !== undefined
          ? { kind: 'profile' as const, profile }
          : { kind: 'default' as const }
    return shown(await recorded(coffer, { what: 'place' }, () => coffer.places.add({ name, connection, credentials })))
  }),

  makeDefault: places.makeDefault.handler(({ input, context: { coffer } }) => {
    const place = coffer.places.find(input.place)
    coffer.settings.set(DEFAULT_PLACE, place.id)
    return shown(place)
  }),

  remove: places.remove.handler(({ input, context: { coffer } }) =>
    recorded(coffer, { what: 'place', place: input.place }, () => coffer.places.remove(input.place)),
  ),

  signIn: places.signIn.handler(async function* ({ input, signal }) {
    for await (const step of signIn(input.profile, signalOf(signal))) {
      if (step.kind === 'confirm' && input.open) void openInBrowser(step.url)
      yield step
    }
  }),

  test: places.test.handler(async ({ input, context, signal: given }) => {
    const signal = signalOf(given)
    using vault = await context.coffer.openVault(input.place)
    const { bucket } = input
    const checks = [
      await tried('s3:ListBuckets', () => listBuckets(vault, signal)),
      ...(bucket === undefined
        ? []
        : [await tried('s3:HeadBucket', () => send(vault.s3, new HeadBucketCommand({ Bucket: bucket }), signal))]),
      await tried('kms:ListKeys', () => send(vault.kms, new ListKeysCommand({ Limit: 1 }), signal)),
    ]
    return { ok: checks.every(({ ok }) => ok), checks }
  }),
}

function shown({ credentials, ...place }: Place): Omit<Place, 'credentials'> & { profile: string | undefined } {
  return { ...place, profile: credentials.kind === 'profile' ? credentials.profile : undefined }
}

async function tried(
  action: string,
  work: () => Promise<unknown>,
): Promise<{ action: string; ok: boolean; error?: Failure }> {
  try {
    await work()
    return { action, ok: true }
  } catch (error) {
    if (isCofferError(error, 'CANCELLED')) throw error
    return { action, ok: false, error: toFailure(error) }
  }
}
