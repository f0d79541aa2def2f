import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { contract } from '../../../electron/api/contract.ts'
import { createInProcessClient } from '../../../electron/api/router.ts'
import type { Coffer } from '../../../electron/compose.ts'

/** Terms of zod and of its schemas. */
const SCHEMA_WORDS = /expected|received|too (?:small|big)|invalid|unrecognized|undefined|nan\b|regex|[<>=]=|>|</i

/** Nothing in here is reached: each input is refused before. */
const client = createInProcessClient({} as Coffer)

const UNKNOWN = { place: 'local', colour: 1 }

describe('an input that is refused', () => {
  const endpoint = ''
  it.each<[string, () => Promise<unknown>]>([
    ['The name must not be empty.', () => client.places.add({ name: ' ', connection: {} })],
    ['The name may have at most 100 characters.', () => client.places.add({ name: 'x'.repeat(101), connection: {} })],
    ['The address must not be empty.', () => client.places.add({ name: 'nas', connection: { endpoint } })],
    ['The address must not be empty.', () => client.buckets.list({ place: { endpoint } })],
    [
      'The access key id must not be empty.',
      () => client.places.add({ name: 'nas', connection: {}, keys: { accessKeyId: '', secretAccessKey: 'x' } }),
    ],
    [
      'A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens.',
      () => client.buckets.create({ place: 'local', bucket: 'A' }),
    ],
    ['The theme must be one of: system, light, dark.', () => client.settings.set({ theme: 'pink' as 'dark' })],
    ['The name must be a text.', () => client.keys.create({ name: 5 as unknown as string })],
    ['The place is missing.', () => client.places.remove({} as { place: string })],
    ['This is not known here: colour.', () => client.buckets.list(UNKNOWN)],
  ])('says in plain words: %s', async (words, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'INVALID_INPUT', message: words })
  })

  it('is told without a term of the schema, by every procedure', () => {
    const values: unknown[] = [null, '', ' ', -1, 1e9, 0.5, 'x'.repeat(5000), [], [''], {}, { a: 1 }, true, new Date()]
    let seen = 0
    for (const schema of inputs()) {
      const fields = Object.keys(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties ?? {})
      const bad = values.flatMap((value) => [value, Object.fromEntries(fields.map((field) => [field, value]))])
      for (const { message } of bad.flatMap((input) => schema.safeParse(input).error?.issues ?? [])) {
        expect(message).not.toMatch(SCHEMA_WORDS)
        seen += 1
      }
    }
    expect(seen).toBeGreaterThan(1000)
  })
})

function inputs(): z.ZodType[] {
  return Object.values(contract)
    .flatMap((room) => Object.values(room) as { '~orpc': { inputSchema?: z.ZodType } }[])
    .map((procedure) => procedure['~orpc'].inputSchema)
    .filter((schema) => schema !== undefined)
}
