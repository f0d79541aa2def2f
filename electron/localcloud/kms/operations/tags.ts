import { z } from 'zod'
import { KmsError } from '../../request.ts'
import { authorize } from '../access.ts'
import { findKey, requireNotPending } from '../core.ts'
import { keyIdField, markerFields, operation, page, type Operation } from '../operation.ts'

const MAX_TAGS = 50

export const tagsField = z.array(z.object({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) }))

type Tag = z.infer<typeof tagsField>[number]

export const tagOperations: Record<string, Operation> = {
  TagResource: operation({ KeyId: keyIdField, Tags: tagsField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:TagResource')
    requireNotPending(key)
    const tags = checkedTags(core.store.tags(key.id), input.Tags)
    core.store.transaction(() => {
      for (const tag of tags) core.store.saveTag(key.id, tag.TagKey, tag.TagValue)
    })
    return {}
  }),
  UntagResource: operation(
    { KeyId: keyIdField, TagKeys: z.array(z.string().min(1).max(128)) },
    (core, caller, input) => {
      const key = findKey(core, input.KeyId)
      authorize(caller, key, 'kms:UntagResource')
      requireNotPending(key)
      core.store.transaction(() => {
        for (const name of input.TagKeys) core.store.deleteTag(key.id, name)
      })
      return {}
    },
  ),
  ListResourceTags: operation({ KeyId: keyIdField, ...markerFields(MAX_TAGS) }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:ListResourceTags')
    const after = (name: string, limit: number): Tag[] =>
      core.store
        .tags(key.id)
        .filter((tag) => tag.TagKey > name)
        .slice(0, limit)
    const { items, more } = page(input, MAX_TAGS, after, (tag) => tag.TagKey)
    return { Tags: items, ...more }
  }),
}

/** The tags to add, if they may be. Throws TagException, LimitExceededException. */
export function checkedTags(present: Tag[], added: Tag[]): Tag[] {
  const names = added.map((tag) => tag.TagKey)
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw new KmsError('TagException', 'aws: prefixed tag key names are not allowed for external use.')
  }
  if (new Set(names).size < names.length) throw new KmsError('TagException', 'Duplicate tag keys')
  if (new Set([...present.map((tag) => tag.TagKey), ...names]).size > MAX_TAGS) {
    throw new KmsError('LimitExceededException', `A key has at most ${MAX_TAGS} tags.`)
  }
  return added
}
