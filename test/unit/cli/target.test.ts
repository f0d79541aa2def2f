import { describe, expect, it } from 'vitest'
import { parseObject, parseTarget, showTarget } from '../../../electron/cli/target.ts'

describe('addresses', () => {
  it.each([
    ['s3://bucket', 'bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://bucket/key', 'bucket', 'key'],
    ['s3://bucket/a/b/', 'bucket', 'a/b/'],
    ['s3://bucket//double', 'bucket', '/double'],
    ['s3://bucket/50%20off?x=1#y', 'bucket', '50%20off?x=1#y'],
    ['s3://bucket/line\nbreak', 'bucket', 'line\nbreak'],
  ])('%j is a bucket and a key as it stands', (text, bucket, key) => {
    expect(parseTarget(text)).toEqual({ bucket, key })
  })

  it.each(['bucket/key', 's3:/bucket', 's3://', 's3:///key', 'http://bucket/key', ''])('%j is none', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it.each(['s3://bucket', 's3://bucket/', 's3://bucket/folder/'])('%j names no single object', (text) => {
    expect(() => parseObject(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('is shown as it is written', () => {
    expect(showTarget(parseTarget('s3://bucket/a/b'))).toBe('s3://bucket/a/b')
    expect(showTarget(parseTarget('s3://bucket/'))).toBe('s3://bucket')
  })
})
