import { expect, test } from 'vitest'
import {
  answersAreTrue,
  behaviourOf,
  isKnownNotToEncrypt,
  keepsIfNoneMatch,
  keepsMetadata,
} from '../../../electron/cloud/behaviour.ts'

test.for([
  [undefined, 'amazon', 'Amazon S3'],
  ['https://s3.eu-central-1.amazonaws.com', 'amazon', 'Amazon S3'],
  ['https://s3.cn-north-1.amazonaws.com.cn', 'amazon', 'Amazon S3'],
  ['https://s3.amazonaws.com.evil.test', 'foreign', 's3.amazonaws.com.evil.test'],
  ['http://minio.test:9000', 'foreign', 'minio.test:9000'],
  ['no address', 'foreign', 'no address'],
] as const)('%s is %s', ([endpoint, kind, name]) => {
  expect(behaviourOf({ endpoint }, false)).toMatchObject({ kind, name })
})

test('Amazon and This computer are believed, whatever a test says', () => {
  for (const server of [
    behaviourOf({ endpoint: undefined }, false),
    behaviourOf({ endpoint: 'http://[::1]:1' }, true),
  ]) {
    const claimed = { ...server, tested: { encrypts: { 'sse-c': { copy: false } }, keepsMetadata: false } }
    expect(answersAreTrue(claimed, 'sse-c', 'copy')).toBe(true)
    expect(isKnownNotToEncrypt(claimed, 'sse-c', 'copy')).toBe(false)
    expect(keepsMetadata(claimed)).toBe(true)
    expect(keepsIfNoneMatch(claimed, 'multipart')).toBe(true)
  }
})

test('of others only what was found counts, for that mode and that way', () => {
  const unknown = behaviourOf({ endpoint: 'https://s3.example.net' }, false)
  expect(answersAreTrue(unknown, 'sse-s3', 'put')).toBe(false)
  expect(isKnownNotToEncrypt(unknown, 'sse-s3', 'put')).toBe(false)
  expect(keepsMetadata(unknown)).toBeUndefined()
  expect(keepsIfNoneMatch(unknown, 'put')).toBeUndefined()
  const tested = behaviourOf({ endpoint: 'https://s3.example.net' }, false, {
    encrypts: { 'sse-s3': { put: true, copy: false } },
    keepsMetadata: false,
    keepsIfNoneMatch: { put: true, multipart: false },
  })
  expect(answersAreTrue(tested, 'sse-s3', 'put')).toBe(true)
  expect(answersAreTrue(tested, 'sse-s3', 'multipart')).toBe(false)
  expect(isKnownNotToEncrypt(tested, 'sse-s3', 'multipart')).toBe(false)
  expect(isKnownNotToEncrypt(tested, 'sse-s3', 'copy')).toBe(true)
  expect(keepsMetadata(tested)).toBe(false)
  expect(keepsIfNoneMatch(tested, 'put')).toBe(true)
  expect(keepsIfNoneMatch(tested, 'multipart')).toBe(false)
})
