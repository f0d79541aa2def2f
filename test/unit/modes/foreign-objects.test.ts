import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseInstruction } from '../../../electron/envelope/instruction.ts'
import type { ModeEnv } from '../../../electron/modes/mode.ts'
import { factsOf, offline, read, rejection } from './support.ts'

interface Fixture {
  aesKey: string
  rsaKey: string
  plaintext: string
  objects: { name: string; metadata: Record<string, string>; instruction?: string; body: string }[]
}

const path = join(import.meta.dirname, '../../fixtures/s3ec-java.json')
const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture

/** These prove less than Coffer asks for by itself: V1, legacy wraps, and V2 with its key in a separate file. */
const isLegacy = (name: string) => name.startsWith('old-') || name.includes('-v2-instruction')

describe('objects that Amazon’s own clients for Java wrote', () => {
  let env: ModeEnv

  beforeAll(() => {
    const { env: surroundings, keys } = offline()
    keys.addAes('other')
    keys.addAes('aes', Buffer.from(fixture.aesKey, 'base64'))
    keys.addRsa('rsa', createPrivateKey(fixture.rsaKey))
    env = surroundings
  })

  it('are all here: AES and RSA, V3, V2, V1 and V2 with legacy wraps, with and without instruction file', () => {
    expect(fixture.objects).toHaveLength(16)
  })

  it.each(fixture.objects)('are read: $name', async ({ name, metadata, instruction, body }) => {
    const stored = Buffer.from(body, 'base64')
    const beside = instruction === undefined ? null : parseInstruction(Buffer.from(instruction))
    const facts = factsOf(metadata, stored.length, { instruction: beside ?? undefined })
    if (isLegacy(name)) expect(await rejection(read(env, facts, stored))).toHaveProperty('code', 'LEGACY_NOT_ALLOWED')
    const { plaintext } = await read(env, facts, stored, { allowLegacy: isLegacy(name) })
    expect(plaintext).toEqual(Buffer.from(fixture.plaintext, 'base64'))
  })
})
