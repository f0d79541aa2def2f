import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { startLocalCloud, type LocalCloud } from './localcloud.ts'
import { errorCode, send, signHeaders, type WireRequest } from './signed-fetch.ts'

/** A server under attack, and what its owner can still do with it. */
export interface Target {
  cloud: LocalCloud
  /** `127.0.0.1:PORT`. */
  host: string
  /** `403 AccessDenied`; the status alone where there is no error. */
  sent(wire: WireRequest): Promise<string>
  /** The same of a request that the owner signs. */
  outcome(wire: WireRequest, service?: string): Promise<string>
  /** The owner's request, and the answer's body. */
  bodyOf(wire: WireRequest, service?: string): Promise<string>
}

/**
 * Starts a server with an empty `bucket` for this file's tests. After each of them it must be the same process still, and
 * serve.
 */
export function underAttack(): Target {
  const target = {} as Target
  beforeAll(async () => {
    const cloud = await startLocalCloud()
    Object.assign(target, targetOf(cloud))
    expect(await target.outcome({ method: 'PUT', path: '/bucket', headers: {} })).toBe('200')
  })
  afterEach(async () => {
    expect(target.cloud.process.exitCode).toBeNull()
    expect(await target.outcome({ method: 'GET', path: '/', headers: {} })).toBe('200')
  })
  afterAll(() => target.cloud.stop())
  return target
}

function targetOf(cloud: LocalCloud): Target {
  const answerTo = async (wire: WireRequest, service = 's3') => send(cloud, await signHeaders(cloud, wire, { service }))
  const sent = async (wire: WireRequest) => {
    const answer = await send(cloud, wire)
    return `${answer.status} ${errorCode(answer)}`.trim()
  }
  return {
    cloud,
    host: new URL(cloud.endpoint).host,
    sent,
    outcome: async (wire, service = 's3') => sent(await signHeaders(cloud, wire, { service })),
    bodyOf: async (wire, service) => (await answerTo(wire, service)).body,
  }
}

export function put(path: string, body: string | Buffer, headers: Record<string, string> = {}): WireRequest {
  return { method: 'PUT', path, headers: { 'content-length': String(Buffer.byteLength(body)), ...headers }, body }
}

export function post(path: string, body: string | Buffer): WireRequest {
  return { ...put(path, body), method: 'POST' }
}

export function get(path: string): WireRequest {
  return { method: 'GET', path, headers: {} }
}

/** A call of KMS's JSON API; `input` as text goes out as it is. */
export function kmsCall(action: string, input: unknown): WireRequest {
  const body = typeof input === 'string' ? input : JSON.stringify(input)
  const headers = { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' }
  return { method: 'POST', path: '/', headers, body }
}
