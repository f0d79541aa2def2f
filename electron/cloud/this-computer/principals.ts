import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { Sha256 } from '@smithy/core/checksum'
import { SignatureV4 } from '@smithy/signature-v4'
import { CofferError, isCofferError } from '../../base/errors.ts'
import { provenAgent } from './proven-agent.ts'
import type { Reach } from './this-computer.ts'

/** Someone besides the owner who may use This computer, with credentials of their own. */
export interface Principal {
  name: string
  arn: string
  accessKeyId: string
  createdAt: Date
}

export interface Principals {
  /** The secret is shown once. Throws ALREADY_EXISTS, INVALID_INPUT. */
  add(name: string): Promise<Principal & { secretAccessKey: string }>
  list(): Promise<Principal[]>
  /** Throws PRINCIPAL_NOT_FOUND. */
  remove(name: string): Promise<void>
}

interface Row {
  Name: string
  Arn: string
  AccessKeyId: string
  /** Seconds since 1970. */
  CreateDate: number
}

/** Principals as the server's owner manages them; each call starts the server if it does not run. */
export function openPrincipals(ensure: () => Promise<Reach>): Principals {
  return {
    async add(name) {
      const row = await call<Row & { SecretAccessKey: string }>(await ensure(), 'CreatePrincipal', { Name: name })
      return { ...toPrincipal(row), secretAccessKey: row.SecretAccessKey }
    },
    async list() {
      const { Principals } = await call<{ Principals: Row[] }>(await ensure(), 'ListPrincipals', {})
      return Principals.map(toPrincipal)
    },
    async remove(name) {
      await call(await ensure(), 'DeletePrincipal', { Name: name })
    },
  }
}

function toPrincipal({ Name, Arn, AccessKeyId, CreateDate }: Row): Principal {
  return { name: Name, arn: Arn, accessKeyId: AccessKeyId, createdAt: new Date(CreateDate * 1000) }
}

/** One signed call in the protocol of KMS (AWS JSON 1.1), to the operations that only This computer has. */
async function call<Output>({ endpoint, region, credentials }: Reach, action: string, input: object): Promise<Output> {
  const url = new URL(endpoint)
  const body = JSON.stringify(input)
  const signer = new SignatureV4({ service: 'kms', region, credentials, sha256: Sha256 })
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `CofferAdmin.${action}`,
    },
    body,
  })
  const { status, text } = await post(url, headers, body, credentials.secretAccessKey)
  const output = JSON.parse(text) as { __type?: string; message?: string }
  if (status !== 200) throw failure(output.__type ?? '', output.message ?? '')
  return output as Output
}

/** Over a connection of its own, to the owner's server and nobody else. */
async function post(url: URL, headers: Record<string, string>, body: string, secretAccessKey: string) {
  const agent = provenAgent(secretAccessKey, { keepAlive: false })
  try {
    const sent = request(url, { method: 'POST', headers, agent }).end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode, text: await text(response) }
  } catch (cause) {
    if (isCofferError(cause)) throw cause
    throw new CofferError('LOCAL_SERVER', "This computer's server does not answer.", { cause })
  } finally {
    agent.destroy()
  }
}

function failure(type: string, message: string): CofferError {
  switch (type) {
    case 'AlreadyExistsException':
      return new CofferError('ALREADY_EXISTS', message, { hint: 'Choose another name.' })
    case 'NotFoundException':
      return new CofferError('PRINCIPAL_NOT_FOUND', message)
    case 'ValidationException':
      return new CofferError('INVALID_INPUT', message)
    default:
      return new CofferError('LOCAL_SERVER', `This computer's server refused: ${type}.`)
  }
}
