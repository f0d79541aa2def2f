import { ListKeysCommand } from '@aws-sdk/client-kms'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { openInBrowser } from '../../base/browser.ts'
import { CofferError, isCofferError } from '../../base/errors.ts'
import type { CredentialSource } from '../../cloud/connection.ts'
import { send } from '../../cloud/send.ts'
import { signIn } from '../../cloud/sso/sign-in.ts'
import type { Place } from '../../store/places.ts'
import { asText } from '../../store/settings.ts'
import { listBuckets } from '../../vault/list.ts'
import type { Vault } from '../../vault/vault.ts'
import { asCofferError, toFailure } from './own-failures.ts'
import type { Failure } from '../contract/common.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'
import { serverTestRouter } from './server-test.ts'

const { places } = procedures

/** The setting that `openVault` reads when no place is named. */
const DEFAULT_PLACE = 'defaultPlace'

export const placesRouter = {
  list: places.list.handler(async ({ context: { coffer } }) => {
    const usual = coffer.settings.get(DEFAULT_PLACE, asText) ?? 'local'
    return (await coffer.places.list()).map((place) => ({ ...shown(place), isDefault: place.id === usual }))
  }),

  add: places.add.handler(async ({ input, context: { coffer }, signal }) => {
    const { name, connection, bucket, keepAnyway } = input
    const credentials = credentialsOf(connection, input.keys)
    const tryOut = async (): Promise<void> => {
      using vault = await coffer.openVault(connection, credentials)
      await requireAnswer(vault, bucket, signalOf(signal))
    }
    return shown(
      await recorded(coffer, { what: 'place' }, () =>
        coffer.places.add({ name, connection, credentials }, keepAnyway ? undefined : tryOut),
      ),
    )
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

  ...serverTestRouter,

  test: places.test.handler(async ({ input, context, signal: given }) => {
    const signal = signalOf(given)
    const { place, keys, bucket } = input
    const credentials = typeof place === 'object' ? credentialsOf(place, keys) : undefined
    using vault = await context.coffer.openVault(place, credentials)
    const checks = [
      await tried('s3:ListBuckets', () => listBuckets(vault, signal)),
      ...(bucket === undefined ? [] : [await tried('s3:HeadBucket', () => headBucket(vault, bucket, signal))]),
      await tried('kms:ListKeys', () => send(vault.kms, new ListKeysCommand({ Limit: 1 }), signal)),
    ]
    return { ok: checks.every(({ ok }) => ok), checks }
  }),
}

function shown({ credentials, ...place }: Place): Omit<Place, 'credentials'> & { profile: string | undefined } {
  return { ...place, profile: credentials.kind === 'profile' ? credentials.profile : undefined }
}

function credentialsOf(
  { profile }: { profile?: string | undefined },
  keys: Omit<Extract<CredentialSource, { kind: 'keys' }>, 'kind'> | undefined,
): CredentialSource {
  if (keys !== undefined) return { kind: 'keys', ...keys }
  return profile === undefined ? { kind: 'default' } : { kind: 'profile', profile }
}

function headBucket({ s3 }: Vault, bucket: string, signal: AbortSignal): Promise<unknown> {
  return send(s3, new HeadBucketCommand({ Bucket: bucket }), signal)
}

/**
 * Resolves if S3 answers with these credentials. KMS is not asked: many servers have none. Throws S3's failure, with the
 * fact `place: not-stored`.
 */
async function requireAnswer(vault: Vault, bucket: string | undefined, signal: AbortSignal): Promise<void> {
  try {
    await (bucket === undefined ? listBuckets(vault, signal) : headBucket(vault, bucket, signal))
  } catch (error) {
    const { code, message, hint, facts, cause } = asCofferError(error)
    if (code === 'CANCELLED') throw error
    throw new CofferError(code, message, { hint, cause, facts: { ...facts, place: 'not-stored' } })
  }
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
