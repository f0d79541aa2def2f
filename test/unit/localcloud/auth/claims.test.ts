import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { OWNER, REGION } from '../../../../electron/localcloud/account.ts'
import { signableHeaders } from '../../../../electron/localcloud/auth/canonical.ts'
import { parseTarget } from '../../../../electron/localcloud/auth/target.ts'
import { createVerifier, type Proof } from '../../../../electron/localcloud/auth/verify.ts'
import { S3Error } from '../../../../electron/localcloud/request.ts'
import type { LocalCloud } from '../../../support/localcloud.ts'
import { presign, signHeaders, type WireRequest } from '../../../support/signed-fetch.ts'

const ACCESS_KEY_ID = 'AKIATESTTESTTESTTEST'
const SECRET = 'a secret of the test'
const HOST = '127.0.0.1:9000'
/** What AWS's signer has to know. */
const cloud = { endpoint: `http://${HOST}`, accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET } as LocalCloud

const verify = createVerifier(
  REGION,
  (id) => (id === ACCESS_KEY_ID ? { principal: OWNER, secret: () => SECRET } : undefined),
  Date.now,
)

function prove({ method, path, headers }: WireRequest): Proof {
  const signable = signableHeaders(Object.entries(headers).flat())
  const hash = signable.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  return verify({ method, target: parseTarget(path), headers: signable }, 's3')(() => hash)
}

/** The proof, or undefined for a refusal in S3's words; anything else is a failure. */
function provenOrRefused(wire: WireRequest): Proof | undefined {
  try {
    return prove(wire)
  } catch (error) {
    if (error instanceof S3Error) return undefined
    throw error
  }
}

/** What a path asks for, once decoded; undefined if it cannot be. */
function meaning(path: string): string | undefined {
  try {
    const { path: decoded, query } = parseTarget(path)
    return JSON.stringify([decoded, [...query].sort()])
  } catch {
    return undefined
  }
}

const edit = fc.record({
  at: fc.nat(),
  remove: fc.integer({ min: 0, max: 3 }),
  put: fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('%', '&', '=', '%26', '%3D', '+', '%20', '/', ';', ',', '0'),
  ),
})
type Edit = { at: number; remove: number; put: string }

function edited(text: string, { at, remove, put }: Edit): string {
  const place = at % (text.length + 1)
  return text.slice(0, place) + put + text.slice(place + remove)
}

describe('a presigned URL', () => {
  let link: WireRequest
  beforeAll(async () => {
    const path = '/bucket/a%20key/with%2Bsigns?response-content-disposition=attachment&versionId=v1'
    link = await presign(cloud, { method: 'GET', path, headers: {} }, 60)
  })

  it('is accepted as it is, and refused with anything of it changed', () => {
    expect(prove(link).principal).toBe(OWNER)
    fc.assert(
      fc.property(edit, (change) => {
        const path = edited(link.path, change)
        if (meaning(path) === meaning(link.path)) return
        expect(provenOrRefused({ ...link, path })).toBeUndefined()
      }),
      { numRuns: 4000 },
    )
  })

  it('is refused with a parameter more, less, twice, or in another case', () => {
    const [path = '', query = ''] = link.path.split('?')
    const pairs = query.split('&')
    for (const [i, pair] of pairs.entries()) {
      const without = pairs.filter((_, j) => j !== i)
      const other = pair.startsWith('X') ? pair.replace('X-Amz', 'x-amz') : pair.toUpperCase()
      for (const changed of [without, [...pairs, pair], [...without, other], [...pairs, 'acl']]) {
        const refused = provenOrRefused({ ...link, path: `${path}?${changed.join('&')}` })
        expect(refused, changed.join('&')).toBeUndefined()
      }
    }
  })

  it('is refused for another method, host, or with a header of S3 besides', () => {
    for (const method of ['PUT', 'HEAD', 'DELETE']) expect(provenOrRefused({ ...link, method })).toBeUndefined()
    expect(provenOrRefused({ ...link, headers: { host: 'localhost:9000' } })).toBeUndefined()
    expect(provenOrRefused({ ...link, headers: { ...link.headers, 'x-amz-acl': 'private' } })).toBeUndefined()
  })
})

describe('a presigned URL of Signature Version 2', () => {
  const expires = String(Math.floor(Date.now() / 1000) + 60)
  const parameters = '?response-content-disposition=a&versionId=v1'
  const text = ['GET', '', '', expires, `/bucket/key${parameters}`].join('\n')
  const signature = createHmac('sha1', SECRET).update(text).digest('base64')
  const own = `AWSAccessKeyId=${ACCESS_KEY_ID}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`
  const link: WireRequest = { method: 'GET', path: `/bucket/key${parameters}&${own}`, headers: { host: HOST } }

  it('is accepted as it is, and refused with anything of it changed', () => {
    expect(prove(link).principal).toBe(OWNER)
    fc.assert(
      fc.property(edit, (change) => {
        const path = edited(link.path, change)
        if (meaning(path) === meaning(link.path)) return
        expect(provenOrRefused({ ...link, path })).toBeUndefined()
      }),
      { numRuns: 4000 },
    )
  })

  it('does not let a parameter hide in the value of another: the version that was meant stays', () => {
    const hidden = link.path.replace('=a&versionId=v1', '=a%26versionId%3Dv1')
    expect(provenOrRefused({ ...link, path: hidden })).toBeUndefined()
  })

  it('is good for one spelling of its signature', () => {
    // The last digit before the padding holds two bits that stand for nothing.
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const last = digits.indexOf(signature.charAt(26))
    const other = `${signature.slice(0, 26)}${digits.charAt(last ^ 1)}=`
    expect(Buffer.from(other, 'base64')).toEqual(Buffer.from(signature, 'base64'))
    const path = link.path.replace(encodeURIComponent(signature), encodeURIComponent(other))
    expect(provenOrRefused({ ...link, path })).toBeUndefined()
  })
})

describe('an Authorization header', () => {
  let signed: WireRequest
  beforeAll(async () => {
    signed = await signHeaders(cloud, { method: 'GET', path: '/bucket/key?versionId=v1', headers: {} })
  })

  const withAuthorization = (authorization: string): WireRequest => {
    const headers = Object.entries(signed.headers).filter(([name]) => name.toLowerCase() !== 'authorization')
    return { ...signed, headers: { ...Object.fromEntries(headers), authorization } }
  }
  const original = (): string => signed.headers['authorization'] ?? signed.headers['Authorization'] ?? ''

  it('that is changed is refused, unless it still says the same', () => {
    expect(prove(signed).principal).toBe(OWNER)
    const words = (text: string): string => text.replaceAll(/[\s,]+/g, ' ').trim()
    fc.assert(
      fc.property(edit, (change) => {
        const authorization = edited(original(), change)
        const proven = provenOrRefused(withAuthorization(authorization))
        if (!proven) return
        for (const part of original().split(/[\s,]+/)) expect(words(authorization)).toContain(part)
      }),
      { numRuns: 4000 },
    )
  })

  it('of any form is refused in the words of S3', () => {
    const part = fc.constantFrom(
      ...['AWS4-HMAC-SHA256', 'AWS', 'Credential=', 'SignedHeaders=', 'Signature=', ' ', ',', '=', '/', ';', 'host'],
      ...[ACCESS_KEY_ID, `${ACCESS_KEY_ID}/20260101/us-east-1/s3/aws4_request`, '0'.repeat(64), '__proto__'],
    )
    const value = fc.array(fc.oneof(part, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 })
    fc.assert(
      fc.property(value, fc.string({ maxLength: 20 }), (pieces, date) => {
        const wire = withAuthorization(pieces.join(''))
        expect(provenOrRefused(wire)).toBeUndefined()
        expect(provenOrRefused({ ...wire, headers: { ...wire.headers, 'x-amz-date': date } })).toBeUndefined()
      }),
      { numRuns: 4000 },
    )
  })
})
