import { zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import { newPassphrase } from '../../keys/new-passphrase.ts'
import { looksLikeKit, passphraseNeeded } from '../../keys/kit.ts'
import { procedures } from './base.ts'
import { impactOf } from './impact.ts'
import { bytesOf, writeKeyFile } from './key-file.ts'
import { saveKit } from './kit-file.ts'
import { restoreKit } from './kit-restore.ts'
import { recorded } from './recorded.ts'

const { keys } = procedures
const what = { what: 'key' as const }

export const keysRouter = {
  list: keys.list.handler(({ context }) => context.coffer.keys.list()),

  create: keys.create.handler(({ input, context: { coffer } }) =>
    recorded(coffer, what, () => coffer.keys.create(input)),
  ),

  import: keys.import.handler(({ input: { from, ...how }, context: { coffer } }) =>
    recorded(coffer, what, async () => {
      if ('text' in from) return await coffer.keys.import(from.text, how)
      const bytes = await bytesOf(from)
      try {
        if (looksLikeKit(bytes)) throw passphraseNeeded()
        return await coffer.keys.import(bytes, how)
      } finally {
        zero(bytes)
      }
    }),
  ),

  kit: keys.kit.handler(({ input, context: { coffer } }) => recorded(coffer, what, () => saveKit(coffer, input))),

  home: keys.home.handler(({ context: { coffer } }) => coffer.secrets.home()),

  changePassphrase: keys.changePassphrase.handler(({ input: { current, next }, context: { coffer } }) =>
    recorded(coffer, what, () => coffer.secrets.changePassphrase(current, next)),
  ),

  newPassphrase: keys.newPassphrase.handler(() => ({ passphrase: newPassphrase() })),

  restore: keys.restore.handler(({ input, context: { coffer } }) =>
    recorded(coffer, what, () => restoreKit(coffer, input)),
  ),

  export: keys.export.handler(async ({ input, context: { coffer } }) => {
    const { path, publicOnly, overwrite } = input
    const { id, name, kind } = await coffer.keys.find(input.key)
    if (!publicOnly && kind !== 'rsa-public' && input.confirm !== name) {
      throw new CofferError('INVALID_INPUT', `To write the key in the clear, its name must be given exactly: ${name}.`)
    }
    await recorded(coffer, { ...what, keyId: id }, async () => {
      const material = await coffer.keys.export(id, { publicOnly })
      try {
        await writeKeyFile(path, material, overwrite)
      } finally {
        zero(material.bytes)
      }
    })
    return { path }
  }),

  setPurpose: keys.setPurpose.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.setPurpose(id, input.purpose))
  }),

  rename: keys.rename.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.rename(id, input.name))
  }),

  declineKit: keys.declineKit.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.markKitDeclined(id, new Date()))
  }),

  impact: keys.impact.handler(({ input, context: { coffer } }) => impactOf(coffer, input.key)),

  remove: keys.remove.handler(async ({ input, context: { coffer } }) => {
    const { id, name } = await coffer.keys.find(input.key)
    if (input.confirm !== name) {
      throw new CofferError('INVALID_INPUT', `To delete the key, its name must be given exactly: ${name}.`)
    }
    await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.delete(id))
  }),
}
