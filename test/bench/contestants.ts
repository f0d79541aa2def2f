import { basename, dirname, resolve } from 'node:path'
import { pythonTool } from '../support/run.ts'
import type { Command } from './measure.ts'
import type { BenchServer } from './servers.ts'

/** What is moved: one file, or a folder of files of 100 KiB or of 4 KiB. */
export const SIZES = ['large', 'medium', 'small'] as const
export type Size = (typeof SIZES)[number]

/** True for a folder of files. */
export function isFolder(size: Size): boolean {
  return size !== 'large'
}

/** One way of moving files. */
export interface Contestant {
  /** Letters, digits and dashes. */
  id: string
  /** As the tables name it. */
  name: string
  tool: 'coffer' | 'aws' | 'rclone' | 's5cmd'
  /** True: what the server holds cannot be generated, it has to be kept. */
  sealed: boolean
  /** True: only where the server is behind TLS. */
  needsTls: boolean
  /** True: it brings down what Coffer put up plain, instead of objects of its own. */
  borrows: boolean
  /** Sizes for which it differs from its neighbours. */
  sizes: readonly Size[]
  /** Moves the local path to s3://BUCKET/KEY, or back. A folder's key ends with `/`. */
  up(server: Reached, size: Size, path: string, where: Where): Command
  down(server: Reached, size: Size, where: Where, path: string): Command
}

/** What a command has to know of a server. */
export type Reached = Pick<BenchServer, 'name' | 'endpoint' | 'caFile' | 'awsEnv' | 'keys'> & {
  person: { env: Command['env'] }
}

export interface Where {
  bucket: string
  key: string
}

const PROGRAM = resolve('dist/cli.js')

/** How a contestant differs from Coffer as it is built here, with an authority that its environment trusts. */
interface Variant {
  /** Another build's program. */
  program?: string
  /** True: the authority comes from --ca-bundle. */
  bundle?: boolean
}

/** Coffer in one mode; `flags` name the key. */
function coffer(
  id: string,
  name: string,
  sealed: boolean,
  flags: (server: Reached) => string[],
  { program = PROGRAM, bundle = false }: Variant = {},
): Contestant {
  const command = (server: Reached, args: string[]): Command => ({
    program: process.execPath,
    args: [program, ...args, ...placeOptions(server), ...(bundle ? ['--ca-bundle', server.caFile ?? ''] : [])],
    env: {
      ...server.person.env,
      AWS_CA_BUNDLE: undefined,
      NODE_EXTRA_CA_CERTS: bundle ? undefined : server.caFile,
    },
  })
  return {
    id,
    name: `Coffer, ${name}`,
    tool: 'coffer',
    sealed,
    needsTls: bundle,
    borrows: false,
    sizes: SIZES,
    up: (server, _, path, { bucket, key }) =>
      command(server, ['put', path, `s3://${bucket}/${key}`, '--no-kit', ...flags(server)]),
    down: (server, _, { bucket, key }, path) => command(server, ['get', `s3://${bucket}/${key}`, path]),
  }
}

/** Coffer finds This computer by itself. */
function placeOptions({ name, endpoint }: Reached): string[] {
  if (name === 'This computer') return []
  return ['--endpoint-url', endpoint, '--kms-endpoint-url', endpoint, '--region', 'us-east-1']
}

function aws(id: string, name: string, flags: string[]): Contestant {
  const command = (server: Reached, size: Size, from: string, to: string): Command => ({
    program: pythonTool('aws'),
    args: ['s3', 'cp', '--quiet', ...(isFolder(size) ? ['--recursive'] : []), from, to, ...flags],
    env: toolEnv(server),
  })
  return {
    id,
    name: `AWS CLI, ${name}`,
    tool: 'aws',
    sealed: false,
    needsTls: false,
    borrows: true,
    sizes: SIZES,
    up: (server, size, path, { bucket, key }) => command(server, size, path, `s3://${bucket}/${key}`),
    down: (server, size, { bucket, key }, path) => command(server, size, `s3://${bucket}/${key}`, path),
  }
}

/** What AWS's tools and those after their manner read. */
function toolEnv({ awsEnv, caFile }: Reached): Command['env'] {
  return {
    ...awsEnv,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CA_BUNDLE: caFile,
  }
}

/** It has one way only, and moves many files at once unless told otherwise. */
function s5cmd(): Contestant {
  const command = (server: Reached, from: string, to: string): Command => ({
    program: pythonTool('s5cmd'),
    args: ['--endpoint-url', server.endpoint, '--log', 'error', 'cp', from, to],
    env: toolEnv(server),
  })
  const local = (size: Size, path: string): string => (isFolder(size) ? `${path}/` : path)
  return {
    id: 's5cmd',
    name: 's5cmd, plain',
    tool: 's5cmd',
    sealed: false,
    needsTls: false,
    borrows: true,
    sizes: SIZES,
    up: (server, size, path, { bucket, key }) => command(server, local(size, path), `s3://${bucket}/${key}`),
    down: (server, size, { bucket, key }, path) =>
      command(server, `s3://${bucket}/${key}${isFolder(size) ? '*' : ''}`, local(size, path)),
  }
}

interface RcloneWay {
  /** Large files with the parts that Coffer uses too, and no MD5 of the whole file beforehand. */
  tuned?: boolean
  crypt?: boolean
  customerKey?: boolean
}

/** Many small files at once, as its manual advises. */
const FOR_SMALL = ['--transfers', '16', '--checkers', '16']
const FOR_LARGE = ['--s3-upload-concurrency', '4', '--s3-chunk-size', '8M', '--s3-disable-checksum']

function rclone(id: string, name: string, way: RcloneWay): Contestant {
  const { tuned = false, crypt = false, customerKey = false } = way
  const flags = (size: Size): string[] => (!tuned ? [] : isFolder(size) ? FOR_SMALL : FOR_LARGE)
  const command = (server: Reached, size: Size, where: Where, args: string[]): Command => ({
    program: pythonTool('rclone'),
    args: [isFolder(size) ? 'copy' : 'copyto', ...flags(size), ...args],
    env: { ...rcloneEnv(server, customerKey), ...(crypt ? cryptEnv(where) : {}) },
  })
  const remote = ({ bucket, key }: Where): string => (crypt ? `sealed:${basename(key)}` : `box:${bucket}/${key}`)
  return {
    id,
    name: `rclone, ${name}`,
    tool: 'rclone',
    sealed: crypt,
    needsTls: customerKey,
    borrows: !crypt && !customerKey,
    sizes: customerKey ? ['large'] : SIZES,
    up: (server, size, path, where) => command(server, size, where, [path, remote(where)]),
    down: (server, size, where, path) => command(server, size, where, [remote(where), path]),
  }
}

/** The remote `box` of a server, for any rclone command. */
export function rcloneEnv(server: Reached, customerKey = false): Command['env'] {
  return {
    AWS_CA_BUNDLE: undefined,
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_BOX_TYPE: 's3',
    RCLONE_CONFIG_BOX_PROVIDER: 'Other',
    RCLONE_CA_CERT: server.caFile,
    RCLONE_CONFIG_BOX_ENDPOINT: server.endpoint,
    RCLONE_CONFIG_BOX_REGION: 'us-east-1',
    RCLONE_CONFIG_BOX_ACCESS_KEY_ID: server.awsEnv['AWS_ACCESS_KEY_ID'],
    RCLONE_CONFIG_BOX_SECRET_ACCESS_KEY: server.awsEnv['AWS_SECRET_ACCESS_KEY'],
    ...(customerKey
      ? {
          RCLONE_CONFIG_BOX_SSE_CUSTOMER_ALGORITHM: 'AES256',
          RCLONE_CONFIG_BOX_SSE_CUSTOMER_KEY: '0123456789abcdef0123456789abcdef',
        }
      : {}),
  }
}

/** A passphrase as `rclone obscure` writes it: that hides it from a glance and is no encryption. */
const OBSCURED = 'D7gRjB8FQV-CNjokowQLWf7MjmsUuNmZTjr0XItErQ'

/** Below a folder of its own: names are encrypted too, so that nothing else tells where an object went. */
function cryptEnv({ bucket, key }: Where): Command['env'] {
  return {
    RCLONE_CONFIG_SEALED_TYPE: 'crypt',
    RCLONE_CONFIG_SEALED_REMOTE: `box:${bucket}/${dirname(key)}`,
    RCLONE_CONFIG_SEALED_PASSWORD: OBSCURED,
  }
}

/** Everyone, in the order of the tables. */
export const CONTESTANTS: readonly Contestant[] = [
  coffer('plain', 'plain (bucket default)', false, () => ['--mode', 'bucket-default']),
  coffer('sse-s3', 'SSE-S3', false, () => ['--mode', 'sse-s3']),
  coffer('sse-kms', 'SSE-KMS', false, ({ keys }) => ['--mode', 'sse-kms', '--key', keys.kms]),
  coffer('sse-c', 'SSE-C', false, ({ keys }) => ['--mode', 'sse-c', '--key', keys.sent]),
  coffer('cse-kms', 'CSE-KMS', true, ({ keys }) => ['--mode', 'cse-kms', '--key', keys.kms]),
  coffer('cse-c', 'CSE-C', true, ({ keys }) => ['--mode', 'cse-c', '--key', keys.sealing]),
  coffer('cse-c-bundle', 'CSE-C with --ca-bundle', true, ({ keys }) => ['--mode', 'cse-c', '--key', keys.sealing], {
    bundle: true,
  }),
  s5cmd(),
  aws('aws', 'plain', []),
  rclone('rclone', 'plain', {}),
  rclone('rclone-tuned', 'plain, tuned', { tuned: true }),
  rclone('rclone-crypt', 'crypt', { crypt: true }),
  rclone('rclone-crypt-tuned', 'crypt, tuned', { tuned: true, crypt: true }),
  rclone('rclone-sse-c', 'SSE-C, tuned', { tuned: true, customerKey: true }),
]

/** Another build of Coffer, by its `dist` folder, beside this one. */
export function otherBuild(dist: string): Contestant[] {
  const program = resolve(dist, 'cli.js')
  return [
    coffer('other-plain', 'the other build, plain', false, () => ['--mode', 'bucket-default'], { program }),
    coffer('other-cse-c', 'the other build, CSE-C', true, ({ keys }) => ['--mode', 'cse-c', '--key', keys.sealing], {
      program,
    }),
  ]
}

/** The contestant of that id. */
export function contestant(id: string): Contestant {
  const found = CONTESTANTS.find((each) => each.id === id)
  if (found === undefined) throw new Error(`there is no contestant ${id}`)
  return found
}
