import { zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import { procedures } from './base.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'
import { recorded } from './recorded.ts'

const { keys } = procedures
const what = { what: 'key' as const }

export const keysRouter = {
  list: keys.list.handler(({ context }) => context.coffer.keys.list()),

  create: keys.create.handler(({ input, context: { coffer } }) =>
    recorded(coffer, what, () => coffer.keys.create(input)),
  ),

  import: keys.import.handler(({ input: { name, from }, context: { coffer } }) =>
    recorded(coffer, what, async () => {
      if ('text' in from) return await coffer.keys.import(from.text, { name })
      const bytes = await readKeyFile(from.path)
      try {
        return await coffer.keys.import(bytes, { name })
      } finally {
        zero(bytes)
      }
    }),
  ),

  export: keys.export.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    await recorded(coffer, { ...what, keyId: id }, async () => {
      const material = await coffer.keys.export(id)
      try {
        await writeKeyFile(input.path, material)
      } finally {
        zero(material.bytes)
      }
    })
    return { path: input.path }
  }),

  rename: keys.rename.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.rename(id, input.name))
  }),

  declineKit: keys.declineKit.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.markKitDeclined(id, new Date()))
  }),

  usage: keys.usage.handler(async ({ input, context: { coffer } }) => {
    const { id } = await coffer.keys.find(input.key)
    return { objects: coffer.catalog.countByKey(id) }
  }),

  remove: keys.remove.handler(async ({ input, context: { coffer } }) => {
    const { id, name } = await coffer.keys.find(input.key)
    if (input.confirm !== name) {
      throw new CofferError('INVALID_INPUT', `To delete the key, its name must be given exactly: ${name}.`)
    }
    await recorded(coffer, { ...what, keyId: id }, () => coffer.keys.delete(id))
  }),
}
