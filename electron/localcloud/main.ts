import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { fromBase64 } from '../base/bytes.ts'
import { serverProof } from '../base/server-proof.ts'
import { OWNER, REGION } from './account.ts'
import { openPrincipals } from './auth/principals.ts'
import { NoBackupError } from './backed-up-database.ts'
import { createVerifier, type Credential } from './auth/verify.ts'
import { diskFullMessage, isDiskFull } from './disk-space.ts'
import { holdsVault, takeDataFolder, type DataFolder } from './data-folder.ts'
import type { StartOrder, StartRefusal } from './handshake.ts'
import { idleClock } from './idle.ts'
import { noticesOfKms, noticesOfPrincipals } from './notices.ts'
import { jsonApi } from './json-api.ts'
import { createKms } from './kms/service.ts'
import { openOrderLine } from './order-line.ts'
import { deriveKeys, forgetKeys, type DerivedKeys } from './root-key.ts'
import { createS3 } from './s3/service.ts'
import { createLocalServer } from './server.ts'
import { IndexDamagedError } from './storage/open-index.ts'
import { openStorage } from './storage/storage.ts'

const GRACE_MILLISECONDS = 5_000
const SETTLE_MILLISECONDS = 60_000
/** To make the index of a large vault anew. */
const SLOW_START_SECONDS = 6 * 3600
/** To copy a folder: removed content files are kept for so long. */
const KEEP_REMOVED_SECONDS = 600

const bytes = z.string().transform((text, ctx) => {
  const decoded = fromBase64(text)
  if (decoded) return decoded
  ctx.addIssue('must be base64')
  return z.NEVER
})

const orderSchema = z.object({
  dataDir: z.string().min(1),
  mayCreate: z.boolean(),
  rebuild: z.boolean().default(false),
  keepRemovedSeconds: z.number().min(0).default(KEEP_REMOVED_SECONDS),
  port: z.number().int().min(0).max(65_535),
  rootKey: bytes.refine((key) => key.length === 32, 'must be 32 bytes'),
  kmsBackup: bytes.optional(),
  owner: z.object({ accessKeyId: z.string().min(16), secretAccessKey: z.string().min(16) }),
  idleSeconds: z.number().positive().max(2_000_000).nullable(),
})

type Order = z.infer<typeof orderSchema>

/** Why the server will not start, in the handshake's words. */
class Refusal extends Error {
  readonly code: StartRefusal

  constructor(code: StartRefusal, message: string) {
    super(message)
    this.code = code
  }
}

const line = openOrderLine()
/** The folder that was ordered, for what is said of a failure. */
let usedDir = '.'

/** This computer's S3 and KMS: takes its order, answers, and serves until it is told to stop. */
async function main(): Promise<void> {
  process.umask(0o077)
  const order = parseOrder(await line.order())
  if (!order) throw new Refusal('FAILED', 'The start order is not valid')
  usedDir = order.dataDir
  const isNew = !holdsVault(order.dataDir)
  if (isNew && !order.mayCreate) throw new Refusal('DATA_DIR_MISSING', `There is no vault in ${order.dataDir}`)
  const folder = takeDataFolder(order.dataDir)
  if (!folder) throw new Refusal('DATA_DIR_IN_USE', `Another server uses ${order.dataDir}`)
  const keys = deriveKeys(order.rootKey, order.dataDir)
  if (!keys) throw new Refusal('WRONG_ROOT_KEY', `The root key is not the one ${order.dataDir} was made with`)
  await run(order, folder, keys, isNew)
}

async function run(order: Order, folder: DataFolder, keys: DerivedKeys, isNew: boolean): Promise<void> {
  const { dataDir, kmsBackup: kit } = order
  const now = Date.now
  const principals = openPrincipals(dataDir, keys.principalsWrapping, now)
  const kms = createKms({ dataDir, wrappingKey: keys.kmsWrapping, now, principalExists: principals.exists, kit })
  const storage = await openStorage({
    dataDir,
    logKey: keys.indexLog,
    descriptionKey: keys.description,
    rebuild: order.rebuild,
    keepRemovedMs: order.keepRemovedSeconds * 1000,
    onSlow: () => line.delay({ waitSeconds: SLOW_START_SECONDS }),
  })
  const s3 = createS3({ storage, region: REGION, s3MasterKey: keys.s3Master, kms: kms.port })
  const notices = [...noticesOfKms(kms, isNew), ...noticesOfPrincipals(principals.restored), ...storage.notices]
  const settling = setInterval(() => kms.settle(), SETTLE_MILLISECONDS).unref()

  const idle = idleClock(order.idleSeconds, () => void stop())
  const verify = createVerifier(REGION, ownerOr(order.owner, principals.find), now)
  const server = createLocalServer({
    verify,
    s3,
    json: jsonApi(kms, principals, dataDir),
    proofOf: (challenge, port) => serverProof(order.owner.secretAccessKey, challenge, port),
    onActivity: idle.change,
  })

  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    idle.stop()
    clearInterval(settling)
    await closeGracefully(server)
    await storage.close()
    kms.close()
    principals.close()
    forgetKeys(keys)
    folder.release()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop())
  process.on('SIGINT', () => void stop())
  if (order.idleSeconds === null) line.watch(() => void stop())
  else line.release()

  const address = await listen(server, order.port)
  if (!address) throw new Refusal('PORT_IN_USE', `Port ${order.port} is in use`)
  const endpoint = `http://127.0.0.1:${address.port}`
  folder.announce({ pid: process.pid, endpoint, region: REGION, startedAt: new Date().toISOString(), notices })
  line.answer({ ok: true, endpoint, region: REGION, pid: process.pid, notices })
}

function ownerOr(
  owner: StartOrder['owner'],
  find: (accessKeyId: string) => Credential | undefined,
): (accessKeyId: string) => Credential | undefined {
  const credential: Credential = { principal: OWNER, secret: () => owner.secretAccessKey }
  return (accessKeyId) => (accessKeyId === owner.accessKeyId ? credential : find(accessKeyId))
}

/** Loopback only: nobody else's machine has a say here. Null if the port is taken. */
function listen(server: Server, port: number): Promise<AddressInfo | null> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen({ host: '127.0.0.1', port, backlog: 512 }, () => resolve(server.address() as AddressInfo))
  })
}

/** Lets the requests under way finish, within bounds. */
async function closeGracefully(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS)
  await closed
  clearTimeout(timer)
}

function parseOrder(line: string): Order | null {
  try {
    return orderSchema.parse(JSON.parse(line))
  } catch {
    return null
  }
}

function refusalOf(error: unknown): StartRefusal {
  if (error instanceof Refusal) return error.code
  if (isDiskFull(error, usedDir)) return 'DISK_FULL'
  return error instanceof NoBackupError || error instanceof IndexDamagedError ? 'DATA_DAMAGED' : 'FAILED'
}

main().catch((error: unknown) => {
  // The message may name paths and system errors, never keys; a stack would tell nothing to whoever reads the answer.
  const code = refusalOf(error)
  const own = error instanceof Error ? error.message : 'Unknown failure'
  line.answer({ ok: false, code, message: code === 'DISK_FULL' ? diskFullMessage(usedDir) : own })
  // Ending the process drops the folder's lock, whatever was open.
  line.end(1)
})
