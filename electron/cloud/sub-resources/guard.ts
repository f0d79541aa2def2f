import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../../base/errors.ts'
import { SERVER_CHECKS, type ServerCheck, type ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { newScratch } from '../server-test/scratch.ts'
import { readForm } from './read-form.ts'
import { subResource, type SubResource, type Target } from './table.ts'

/** What is known of a server, and where what is learned is kept. */
export interface KnownFindings {
  find(check: ServerCheck): ServerFinding | null
  learn(finding: ServerFinding): void
}

/** For a client without a store: what it learns ends with it. */
export function rememberedHere(): KnownFindings {
  const findings = new Map<ServerCheck, ServerFinding>()
  return {
    find: (check) => findings.get(check) ?? null,
    learn: (finding) => void findings.set(finding.check, finding),
  }
}

interface Written {
  method?: string
  query?: Record<string, unknown>
}

/** What stands in a query and makes no other operation of a PUT or DELETE of an object, or cannot harm what is there. */
const PLAIN = new Set(['uploadId', 'partNumber', 'versionId', 'x-id'])

/** How long a server may take to answer what is asked before a write, in milliseconds. */
const PROBE_MS = 30_000

/**
 * Keeps a foreign server from taking a write of a sub-resource for a write of the object or bucket itself: nothing is written
 * to or deleted from a sub-resource before a read of it has answered in its own form. What is not known is asked, of a
 * scratch object or of the bucket, and remembered; what cannot be told is refused. It stands in the client itself, so that no
 * caller can forget it. Requests throw UNSUPPORTED.
 */
export function guardSubResources(s3: S3Client, known: KnownFindings): void {
  const asking = new Map<ServerCheck, Promise<ServerFinding>>()

  async function findingFor(sub: SubResource, target: Target): Promise<ServerFinding> {
    const found = known.find(sub.check)
    if (found !== null && found.outcome !== 'unknown') return found
    const question = asking.get(sub.check) ?? ask(s3, sub, target)
    asking.set(sub.check, question)
    try {
      const finding = await question
      if (finding.outcome !== 'unknown') known.learn(finding)
      return finding
    } finally {
      asking.delete(sub.check)
    }
  }

  async function clear(query: string, target: Target): Promise<void> {
    const sub = subResource(target.Key === '' ? 'bucket' : 'object', query)
    if (sub === null) throw refusal(query, 'Coffer has no way to find out whether this server knows it.')
    const { outcome, detail } = await findingFor(sub, target)
    if (outcome !== 'holds') throw refusal(SERVER_CHECKS[sub.check], detail)
  }

  s3.middlewareStack.add(
    (next) => async (args) => {
      const { Bucket = '', Key = '' } = args.input as { Bucket?: string; Key?: string }
      for (const query of subResourcesWritten(args.request as Written)) await clear(query, { Bucket, Key })
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'guardSubResources' },
  )
}

/** The sub-resources that a request would write or delete. A POST is no write of an object in any server's plain form. */
function subResourcesWritten({ method, query = {} }: Written): string[] {
  if (method !== 'PUT' && method !== 'DELETE') return []
  return Object.keys(query).filter((name) => !PLAIN.has(name) && !/^x-amz-/i.test(name))
}

async function ask(s3: S3Client, sub: SubResource, { Bucket }: Target): Promise<ServerFinding> {
  const signal = AbortSignal.timeout(PROBE_MS)
  if (sub.level === 'bucket') return readForm(s3, sub, { Bucket, Key: '' }, signal)
  // Not of the object that it is about: its content could look like the answer.
  const Key = newScratch(s3, Bucket, signal).folder + sub.query
  const Body = Buffer.from('Coffer asks what this server knows. This object can be deleted.')
  const { VersionId } = await send(s3, new PutObjectCommand({ Bucket, Key, Body }), signal)
  try {
    return await readForm(s3, sub, { Bucket, Key }, signal)
  } finally {
    await send(s3, new DeleteObjectCommand({ Bucket, Key, VersionId }), signal).catch(() => undefined)
  }
}

function refusal(what: string, detail: string): CofferError {
  return new CofferError(
    'UNSUPPORTED',
    `Nothing was sent: this server is not known to offer this (${what}). ${detail}`,
    {
      hint: 'It could take the request for one on the object or bucket itself. After an update of the server, test the place again: coffer place test PLACE --write --bucket BUCKET.',
    },
  )
}
