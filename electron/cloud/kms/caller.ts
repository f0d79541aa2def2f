import type { KMSClient } from '@aws-sdk/client-kms'
import { Sha256 } from '@smithy/core/checksum'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { rootOf } from './policy-judge.ts'
import type { Caller } from './policy-judge.ts'

/** Milliseconds after which it is done without: the answer only sharpens a warning. */
const PATIENCE = 5_000

/**
 * Who signs this client's requests, as STS tells it (GetCallerIdentity needs no permission). Servers other than Amazon's
 * are asked at their own endpoint, and few answer; then it is the root of the key's account, which stands for all whom
 * IAM allows. This computer's owner is that root.
 */
export async function callerOf(kms: KMSClient, keyArn: string, isOwner: boolean, signal: AbortSignal): Promise<Caller> {
  const root = { arn: rootOf(keyArn) }
  if (isOwner) return root
  try {
    const arn = await askSts(kms, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]))
    return arn === undefined ? root : { arn }
  } catch {
    return root
  }
}

async function askSts(kms: KMSClient, abortSignal: AbortSignal): Promise<string | undefined> {
  const region = await kms.config.region()
  const { protocol, hostname, port } = (await kms.config.endpoint?.()) ?? amazonSts(region)
  const signer = new SignatureV4({ service: 'sts', region, credentials: kms.config.credentials, sha256: Sha256 })
  const request = new HttpRequest({
    method: 'POST',
    protocol,
    hostname,
    ...(port === undefined ? {} : { port }),
    path: '/',
    headers: {
      host: port === undefined ? hostname : `${hostname}:${port}`,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  })
  // The client's own handler brings its proxy and its trusted authorities.
  const signed = new HttpRequest(await signer.sign(request))
  const { response } = (await kms.config.requestHandler.handle(signed, { abortSignal })) as Handled
  const text = await collect(response.body)
  return response.statusCode === 200 ? /<Arn>(arn:[^<]+)<\/Arn>/.exec(text)?.[1] : undefined
}

/** What the handler of Node's HTTP gives; the client's type leaves the body open. */
interface Handled {
  response: { statusCode: number; body: AsyncIterable<Uint8Array> }
}

function amazonSts(region: string): { protocol: string; hostname: string; port?: number | undefined } {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { protocol: 'https:', hostname: `sts.${region}.${domain}` }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
