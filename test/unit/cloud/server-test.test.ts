import { expect, test } from 'vitest'
import { CofferError, type ErrorCode } from '../../../electron/base/errors.ts'
import { judge, refusalOf } from '../../../electron/cloud/server-test/verdict.ts'

const answer = (code: ErrorCode, facts: Record<string, string> = { status: '400' }): Promise<never> =>
  Promise.reject(new CofferError(code, 'The server said no.', { facts }))

test('a server that fails at the moment has neither done it nor refused it', async () => {
  const failing = () => answer('SERVER', { status: '503', awsCode: 'ServiceUnavailable' })
  const finding = await judge('sse-c.put', failing)
  expect(finding).toEqual({ check: 'sse-c.put', outcome: 'unknown', detail: 'It answers ServiceUnavailable' })
  await expect(refusalOf(failing())).rejects.toMatchObject({ code: 'SERVER' })
})

test('what these credentials may not do is not known', async () => {
  expect(await judge('sub-resource.tagging', () => answer('ACCESS_DENIED'))).toMatchObject({ outcome: 'unknown' })
})

test('a refusal is told with the words of the server', async () => {
  const facts = { status: '501', awsCode: 'NotImplemented', serverMessage: 'SSE-C is not\u0007offered' }
  const finding = await judge('sse-c.put', () => answer('UNSUPPORTED', facts))
  expect(finding).toEqual({
    check: 'sse-c.put',
    outcome: 'refused',
    detail: 'It answers NotImplemented: SSE-C is not offered',
  })
})

test('a key that Coffer itself does not send leaves the mode unknown', async () => {
  expect(await judge('sse-c.put', () => answer('INVALID_INPUT', {}))).toMatchObject({ outcome: 'unknown' })
})

test.each(['NETWORK', 'THROTTLED', 'CREDENTIALS_EXPIRED', 'CANCELLED'] as const)('%s ends the test', async (code) => {
  await expect(judge('sse-c.put', () => answer(code))).rejects.toMatchObject({ code })
})
