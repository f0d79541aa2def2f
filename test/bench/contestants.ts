import { basename, dirname, resolve } from 'node:path'
import { pythonTool } from '../support/run.ts'
import type { Command } from './measure.ts'
import type { BenchServer } from './servers.ts'

/** What is moved: one file, or a folder of small ones. */
export type Size = 'large' | 'small'

/** One way of moving files. */
export interface Contestant {
  /** Letters, digits and dashes. */
  id: string
  /** As the tables name it. */
  name: string
  tool: 'coffer' | 'aws' | 'rclone'
  /** True: what the server holds cannot be generated, it has to be kept. */
  sealed: boolean
  /** True: only where the server is behind TLS too. */
  overTls: boolean
  /** True: it brings down what Coffer put up plain, instead of objects of its own. */
  borrows: boolean
  /** Sizes for which it differs from its neighbours. */
  sizes: readonly Size[]
  /** Moves the local path to s3://BUCKET/KEY, or back. A folder's key ends with `/`. */
  up(server: Reached, size: Size, path: string, where: Where): Command
  down(server: Reached, size: Size, where: Where, path: string): Command
}

/** What a command has to know of a server. */
export type Reached = Pick<BenchServer, 'name' | 'endpoint' | 'tls' | 'awsEnv' | 'keys'> & {
  person: { env: Command['env'] }
}

const BOTH: readonly Size[] = ['large', 'small']

export interface Where {
  bucket: string
  key: string
}

const PROGRAM = resolve('dist/cli.js')

/** Coffer in one mode; `flags` name the key. */
function coffer(
  id: string,
  name: string,
  sealed: boolean,
  flags: (server: Reached) => string[],
  how: { tls?: boolean } = {},
): Contestant {
  const command = (server: Reached, args: string[]): Command => ({
    program: process.execPath,
    args: [PROGRAM, ...args, ...placeOptions(server, how.tls === true)],
    env: { ...server.person.env, AWS_CA_BUNDLE: undefined },
  })
  return {
    id,
    name: `Coffer, ${name}`,
    tool: 'coffer',
    sealed,
    overTls: how.tls === true,
    borrows: false,
    sizes: how.tls === true ? ['large'] : BOTH,
    up: (server, _, path, { bucket, key }) =>
      command(server, ['put', path, `s3://${bucket}/${key}`, '--no-kit', ...flags(server)]),
    down: (server, _, { bucket, key }, path) => command(server, ['get', `s3://${bucket}/${key}`, path]),
  }
}

/** Coffer finds This computer by itself. */
function placeOptions(server: Reached, tls: boolean): string[] {
  if (server.name === 'This computer') return []
  const { endpoint } = server
  const s3 = tls && server.tls !== undefined ? server.tls.endpoint : endpoint
  const trust = tls && server.tls !== undefined ? ['--ca-bundle', server.tls.caFile] : []
  return ['--endpoint-url', s3, '--kms-endpoint-url', endpoint, '--region', 'us-east-1', ...trust]
}

function aws(id: string, name: string, flags: string[]): Contestant {
  const command = (server: Reached, size: Size, from: string, to: string): Command => ({
    program: pythonTool('aws'),
    args: ['s3', 'cp', '--quiet', ...(size === 'small' ? ['--recursive'] : []), from, to, ...flags],
    env: { ...server.awsEnv, AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
  })
  return {
    id,
    name: `AWS CLI, ${name}`,
    tool: 'aws',
    sealed: false,
    overTls: false,
    borrows: true,
    sizes: BOTH,
    up: (server, size, path, { bucket, key }) => command(server, size, path, `s3://${bucket}/${key}`),
    down: (server, size, { bucket, key }, path) => command(server, size, `s3://${bucket}/${key}`, path),
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
  const flags = (size: Size): string[] => (size === 'small' ? FOR_SMALL : tuned ? FOR_LARGE : [])
  const command = (server: Reached, size: Size, where: Where, args: string[]): Command => ({
    program: 'rclone',
    args: [size === 'small' ? 'copy' : 'copyto', ...flags(size), ...args],
    env: { ...rcloneEnv(server, customerKey), ...(crypt ? cryptEnv(where) : {}) },
  })
  const remote = ({ bucket, key }: Where): string => (crypt ? `sealed:${basename(key)}` : `box:${bucket}/${key}`)
  return {
    id,
    name: `rclone, ${name}`,
    tool: 'rclone',
    sealed: crypt,
    overTls: customerKey,
    borrows: !crypt && !customerKey,
    sizes: tuned ? BOTH : ['large'],
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
    RCLONE_CONFIG_BOX_ENDPOINT: customerKey ? server.tls?.endpoint : server.endpoint,
    RCLONE_CONFIG_BOX_REGION: 'us-east-1',
    RCLONE_CONFIG_BOX_ACCESS_KEY_ID: server.awsEnv['AWS_ACCESS_KEY_ID'],
    RCLONE_CONFIG_BOX_SECRET_ACCESS_KEY: server.awsEnv['AWS_SECRET_ACCESS_KEY'],
    ...(customerKey
      ? {
          RCLONE_CA_CERT: server.tls?.caFile,
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
  coffer('sse-c-tls', 'SSE-C over TLS', false, ({ keys }) => ['--mode', 'sse-c', '--key', keys.sent], {
    tls: true,
  }),
  aws('aws', 'plain', []),
  rclone('rclone', 'plain', {}),
  rclone('rclone-tuned', 'plain, tuned', { tuned: true }),
  rclone('rclone-crypt', 'crypt', { crypt: true }),
  rclone('rclone-crypt-tuned', 'crypt, tuned', { tuned: true, crypt: true }),
  rclone('rclone-sse-c', 'SSE-C over TLS, tuned', { tuned: true, customerKey: true }),
]

/** The contestant of that id. */
export function contestant(id: string): Contestant {
  const found = CONTESTANTS.find((each) => each.id === id)
  if (found === undefined) throw new Error(`there is no contestant ${id}`)
  return found
}
