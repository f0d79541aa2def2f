import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { memoize } from '@smithy/core/config'
import { behaviourOf, isAmazon } from './behaviour.ts'
import { repeatWhatWasChanged } from './changed-on-the-way.ts'
import type { Clients, Connection } from './connection.ts'
import { credentialsOf, explained } from './credentials.ts'
import { keepCustomerKeysText } from './customer-key-text.ts'
import { guardCustomerKeys, guardDataKeys } from './guard.ts'
import { regionalKms } from './kms/regional.ts'
import { requireWholeAnswers } from './kms/whole-answers.ts'
import { isLoopback } from './loopback.ts'
import { sendMd5OnDemand } from './middleware/content-md5.ts'
import { addHeaders, standingHeaders } from './middleware/standing-headers.ts'
import { requireKmsAnswers, requireS3Answers } from './middleware/service-answers.ts'
import { guardSubResources, rememberedHere, type KnownFindings } from './sub-resources/guard.ts'
import { provenAgent } from './this-computer/proven-agent.ts'
import { trustedContext } from './trust.ts'
import { requestHandler, type RequestHandler } from './wire/handler.ts'
import { wireKms } from './wire/kms.ts'
import { wire } from './wire/line.ts'
import { openProxies } from './wire/proxy.ts'
import { openSockets } from './wire/sockets.ts'

/** Parts of many files are in flight at once; the queues above bound them, not the pool. */
const MAX_SOCKETS = 128

/**
 * A connection that says nothing for this long is dead, unless a connection says otherwise; S3 sends white space while it
 * completes a large upload.
 */
const PATIENCE = 60_000

/** Milliseconds that making a connection may take. */
const CONNECT_PATIENCE = 10_000

/**
 * Both clients of a place over one pool of kept-alive connections. Retries are the SDK's standard ones, also of what
 * was changed on the way: every body that Coffer sends is a Buffer and can be sent again. `known` is what is known of the
 * place's server; what requests learn of it goes there, too. Throws FILE_NOT_FOUND or INVALID_INPUT for a bad CA bundle.
 */
export function openClients(
  connection: Connection,
  known: KnownFindings = rememberedHere(),
  askMfaCode?: AskMfaCode,
): Clients {
  const secureContext = trustedContext({ bundle: connection.caBundle, system: isForeignTls(connection) })
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS }
  const { provenBy } = connection
  const httpAgent = provenBy === undefined ? new HttpAgent(pool) : provenAgent(provenBy, pool)
  const httpsAgent = new HttpsAgent({ ...pool, ...(secureContext === undefined ? {} : { secureContext }) })
  const silence = connection.patience ?? PATIENCE
  const patience = { connectTimeout: CONNECT_PATIENCE, silence }
  const sockets = openSockets({ provenBy, secureContext }, patience)
  const proxies =
    provenBy === undefined ? openProxies(connection.proxy, process.env, { ...pool, secureContext }) : undefined
  const wires = { httpAgent, httpsAgent, sockets, proxies, ...patience }
  const handler = requestHandler(wires)
  const settings = connection.settings ?? {}
  const shared = {
    region: connection.region,
    credentials: explained(credentialsFor(connection, handler, askMfaCode)),
    maxAttempts: settings.maxAttempts ?? 4,
    retryMode: settings.retryMode ?? 'standard',
    requestHandler: handler,
    useFipsEndpoint: settings.fips ?? false,
    useDualstackEndpoint: settings.dualstack ?? false,
    // The SDK would read those of AWS_PROFILE's or the default profile, whichever profile the connection is of.
    ignoreConfiguredEndpointUrls: connection.settings !== undefined,
  }
  const checksums = connection.checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const s3 = new S3Client({
    ...shared,
    ...endpoint(connection.endpoint),
    forcePathStyle: connection.pathStyle,
    useAccelerateEndpoint: settings.accelerate ?? false,
    useArnRegion: settings.useArnRegion ?? true,
    useGlobalEndpoint: settings.globalEndpoint ?? false,
    disableMultiregionAccessPoints: true,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
  })
  guardCustomerKeys(s3)
  keepCustomerKeysText(s3)
  repeatWhatWasChanged(s3)
  requireS3Answers(s3)
  sendMd5OnDemand(s3)
  addHeaders(s3, standingHeaders(connection))
  if (behaviourOf(connection, provenBy !== undefined).kind === 'foreign') guardSubResources(s3, known)
  wire(s3, wires)
  const kms = regionalKms(connection.region, (region) => {
    const client = new KMSClient({ ...shared, region, ...endpoint(kmsEndpoint(connection)) })
    guardDataKeys(client)
    repeatWhatWasChanged(client)
    requireKmsAnswers(client)
    requireWholeAnswers(client)
    wireKms(client, wires)
    return client
  })
  return {
    s3,
    kms,
    close(): void {
      s3.destroy()
      kms.destroy()
      httpAgent.destroy()
      httpsAgent.destroy()
      sockets.close()
      proxies?.close()
    },
  }
}

export type AskMfaCode = (serial: string) => Promise<string>

/** Both clients share what a person was asked for. */
function credentialsFor(connection: Connection, handler: RequestHandler, askMfaCode: AskMfaCode | undefined) {
  const { credentials: source, settings } = connection
  const credentials = credentialsOf(source, handler, { settings, askMfaCode })
  if (typeof credentials !== 'function' || settings?.asksMfa !== true) return credentials
  const left = ({ expiration }: { expiration?: Date }): number => (expiration?.getTime() ?? Infinity) - Date.now()
  const ask = (): ReturnType<typeof credentials> =>
    credentials({ callerClientConfig: { region: () => Promise.resolve(connection.region) } })
  return memoize(
    ask,
    (kept) => left(kept) < RENEW,
    (kept) => kept.expiration !== undefined,
  )
}

/** Credentials are renewed so many milliseconds before their end, as the SDK does it. */
const RENEW = 300_000

/** Amazon's certificates are signed by public authorities; the system's store takes 50 ms to read. */
function isForeignTls({ endpoint: s3, kmsEndpoint: kms }: Connection): boolean {
  return [s3, kms].some((url) => url?.startsWith('https:') === true && !isAmazon(url))
}

function endpoint(url: string | undefined): { endpoint?: string } {
  return url === undefined ? {} : { endpoint: url }
}

/** A server on this machine speaks both; anywhere else KMS is Amazon's unless it is named. */
function kmsEndpoint({ endpoint: s3, kmsEndpoint: kms }: Connection): string | undefined {
  if (kms !== undefined || s3 === undefined) return kms
  return URL.canParse(s3) && isLoopback(new URL(s3).hostname) ? s3 : undefined
}
