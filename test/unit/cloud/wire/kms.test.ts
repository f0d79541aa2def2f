import type { ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { CreateKeyCommand, DecryptCommand, DisableKeyCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openClients } from '../../../../electron/cloud/clients.ts'
import type { CofferError } from '../../../../electron/base/errors.ts'
import type { Clients } from '../../../../electron/cloud/connection.ts'
import { decrypt, generateDataKey } from '../../../../electron/cloud/wire/kms.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../../support/localcloud.ts'
import { startBehaving, type BehavingServer, type Behaviour } from './behaving.ts'

const { signal } = new AbortController()
const EncryptionContext = { purpose: 'ümläut "quoted" \u2028', other: 'b' }

describe('KMS of This computer', () => {
  let cloud: LocalCloud
  let clients: Clients
  let KeyId: string

  beforeAll(async () => {
    cloud = await startLocalCloud()
    clients = openClients(connectionTo(cloud))
    KeyId = (await clients.kms.send(new CreateKeyCommand())).KeyMetadata?.KeyId ?? ''
  })

  afterAll(async () => {
    clients.close()
    await cloud.stop()
  })

  test('a data key that was asked for over the wire is opened by the SDK, and the other way round', async () => {
    const { kms } = clients
    const made = await generateDataKey(kms, { KeyId, KeySpec: 'AES_256', EncryptionContext }, signal)
    const { CiphertextBlob } = made
    expect(made.Plaintext).toHaveLength(32)
    expect(made.KeyId).toMatch(/^arn:/)
    expect(made.$metadata.requestId).toMatch(/./)
    const bySdk = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(Buffer.from(bySdk.Plaintext ?? [])).toEqual(made.Plaintext)

    const other = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
    // Within a larger buffer, as an envelope has it.
    const wrapped = Buffer.concat([Buffer.alloc(5), other.CiphertextBlob ?? Buffer.alloc(0), Buffer.alloc(5)])
    const blob = wrapped.subarray(5, -5)
    const opened = await decrypt(kms, { CiphertextBlob: blob, EncryptionContext, KeyId }, signal)
    expect(opened.Plaintext).toEqual(Buffer.from(other.Plaintext ?? []))
  })

  test('what KMS refuses is told as the SDK has it told', async () => {
    const { kms } = clients
    const { CiphertextBlob } = await generateDataKey(kms, { KeyId, KeySpec: 'AES_256', EncryptionContext }, signal)
    const otherwise = { CiphertextBlob, EncryptionContext: { purpose: 'another' } }
    await expect(decrypt(kms, otherwise, signal)).rejects.toMatchObject({ code: 'ENVELOPE_INVALID' })
    const nowhere = { KeyId: 'alias/none', KeySpec: 'AES_256', EncryptionContext } as const
    await expect(generateDataKey(kms, nowhere, signal)).rejects.toMatchObject({
      code: 'KMS_KEY_NOT_FOUND',
      facts: { operation: 'GenerateDataKey', kmsKeyId: 'alias/none', status: '400' },
    })
    await kms.send(new DisableKeyCommand({ KeyId }))
    await expect(decrypt(kms, { CiphertextBlob, EncryptionContext }, signal)).rejects.toMatchObject({
      code: 'KMS_KEY_DISABLED',
    })
  })
})

describe('a KMS that', () => {
  let behaving: BehavingServer | undefined
  afterEach(() => behaving?.close())

  const key = Buffer.alloc(32, 7)
  const good = JSON.stringify({ KeyId: 'arn:aws:kms:x:1:key/k', Plaintext: key.toString('base64') })
  const say = (text: string, status = 200, headers: Record<string, string> = {}): Behaviour => {
    return async (request, response: ServerResponse) => {
      await json(request)
      response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...headers }).end(text)
    }
  }
  const cut: Behaviour = (request) => void request.socket.destroy()
  const ask = async (...behaviours: Behaviour[]) => {
    behaving = await startBehaving(behaviours)
    return decrypt(behaving.clients.kms, { CiphertextBlob: Buffer.from('wrapped'), EncryptionContext: {} }, signal)
  }

  test.for<[string, Behaviour]>([
    ['hangs up', cut],
    ['asks to slow down', say('{"__type":"ThrottlingException","message":"Rate exceeded"}', 400)],
    ['fails', say('{"__type":"KMSInternalException"}', 500)],
    ['says what is no JSON', say('<html>', 200)],
    ['says another checksum than its answer has', say(good, 200, { 'x-amz-crc32': '1' })],
  ])('%s is asked again', async ([, bad]) => {
    const { Plaintext, KeyId } = await ask(bad, say(good, 200, { 'x-amz-crc32': String(crc32(good)) }))
    expect(Plaintext).toEqual(key)
    expect(KeyId).toBe('arn:aws:kms:x:1:key/k')
    expect(behaving?.seen).toHaveLength(2)
  })

  test.for<[string, string]>([
    ['JSON', '{"__type":"InvalidSignatureException","message":"Signature expired: it is now earlier than."}'],
    ['XML', '<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>'],
  ])('has another clock, and says so in %s, is asked again by its own', async ([, text]) => {
    const ahead = new Date(Date.now() + 7_200_000).toUTCString()
    const { Plaintext } = await ask(say(text, 403, { date: ahead }), say(good))
    expect(Plaintext).toEqual(key)
  })

  test('answers in chunks is understood', async () => {
    const { Plaintext } = await ask(async (request, response) => {
      await json(request)
      response.write(good.slice(0, 10))
      response.end(good.slice(10))
    })
    expect(Plaintext).toEqual(key)
  })

  test('says no is not asked again, and its words are not lost', async () => {
    const no = '{"__type":"com.amazonaws.kms#DisabledException","message":"arn:aws:kms:us-east-1:1:key/k is disabled."}'
    await expect(ask(say(no, 400))).rejects.toMatchObject({
      code: 'KMS_KEY_DISABLED',
      facts: { operation: 'Decrypt', awsCode: 'DisabledException', attempts: '1' },
    })
    expect(behaving?.seen).toHaveLength(1)
  })

  test('never says what is JSON is given up, and nothing of what it said is told', async () => {
    const ended = await ask(say('{"Plaintext": "c2VjcmV0"')).catch((error: unknown) => error as CofferError)
    expect(ended).toMatchObject({ code: 'SERVER' })
    expect(JSON.stringify([ended, 'message' in ended && ended.message])).not.toContain('c2VjcmV0')
    expect(behaving?.seen).toHaveLength(4)
  })

  test('does not answer is left when nobody waits any more', async () => {
    behaving = await startBehaving([() => undefined])
    const stop = new AbortController()
    const asking = decrypt(behaving.clients.kms, { CiphertextBlob: Buffer.alloc(1) }, stop.signal)
    setTimeout(() => stop.abort(), 50)
    await expect(asking).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
