import { expect, test } from 'vitest'
import { answersAreTrue, behaviourOf, isKnownNotToEncrypt } from '../../../electron/cloud/behaviour.ts'
import { failingModes, testedBehaviour } from '../../../electron/cloud/tested-behaviour.ts'
import type { Outcome, ServerCheck } from '../../../electron/base/server-checks.ts'

function tested(outcomes: Partial<Record<ServerCheck, Outcome>>) {
  const findings = Object.entries(outcomes).map(([check, outcome]) => ({
    check: check as ServerCheck,
    outcome,
    detail: '',
  }))
  return behaviourOf({ endpoint: 'https://nas.test' }, false, testedBehaviour(findings))
}

test('an answer is believed where the test found that the mode holds in that very way', () => {
  const server = tested({
    'sse-s3.put': 'reported',
    'sse-c.put': 'holds',
    'sse-c.copy': 'wrong',
    'sse-kms.put': 'unknown',
  })
  expect(answersAreTrue(server, 'sse-s3', 'put')).toBe(true)
  expect(answersAreTrue(server, 'sse-c', 'put')).toBe(true)
  expect(answersAreTrue(server, 'sse-c', 'multipart')).toBe(false)
  expect(answersAreTrue(server, 'sse-kms', 'put')).toBe(false)
  expect([isKnownNotToEncrypt(server, 'sse-c', 'copy'), isKnownNotToEncrypt(server, 'sse-kms', 'put')]).toEqual([
    true,
    false,
  ])
})

test('metadata is kept if it comes back and replaces what was there; too much of it may be refused, not lost', () => {
  const held = { 'metadata.exact': 'holds', 'metadata.replaced': 'holds' } as const
  expect(tested({ 'metadata.exact': 'holds' }).tested?.keepsMetadata).toBeUndefined()
  expect(tested({ ...held, 'metadata.2-kb': 'refused' }).tested?.keepsMetadata).toBe(true)
  expect(tested({ ...held, 'metadata.2-kb': 'wrong' }).tested?.keepsMetadata).toBe(false)
  expect(tested({ ...held, 'metadata.replaced': 'wrong' }).tested?.keepsMetadata).toBe(false)
})

test('a mode fails if files cannot be put in it, small or in parts; a copy that fails is another way', () => {
  const finding = (check: ServerCheck, outcome: Outcome) => ({ check, outcome, detail: `${outcome}.` })
  expect(
    failingModes([
      finding('sse-s3.put', 'reported'),
      finding('sse-s3.multipart', 'wrong'),
      finding('sse-kms.put', 'unknown'),
      finding('sse-kms.copy', 'wrong'),
      finding('sse-c.put', 'refused'),
      finding('sse-c.multipart', 'wrong'),
    ]),
  ).toEqual({ 'sse-s3': 'Files in parts: wrong.', 'sse-c': 'refused.' })
})

test('a server that claims what does not exist is known for it', () => {
  expect(tested({ 'sse.false-claim': 'wrong' }).tested?.claimsFalsely).toBe(true)
  expect(tested({ 'sse.false-claim': 'holds' }).tested?.claimsFalsely).toBe(false)
  expect(tested({ 'sse-s3.put': 'unknown' }).tested?.claimsFalsely).toBeUndefined()
})

test('conditions are known for each way by itself', () => {
  const server = tested({ 'conditions.put': 'holds', 'conditions.complete': 'refused' })
  expect(server.tested?.keepsIfNoneMatch).toEqual({ put: true, multipart: false })
})

test('a place of which nothing is known has not been tested', () => {
  expect(testedBehaviour([])).toBeUndefined()
})
