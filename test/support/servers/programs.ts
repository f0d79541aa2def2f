import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pythonTool } from '../run.ts'
import { startServer, type ForeignServer } from './foreign.ts'

/* The servers that scripts/system.sh installs, each of one pinned release. Each is given an empty folder of its own. */

const SERVERS = resolve('.cache/servers')
const KEYS = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'a-secret-that-only-tests-know' }

/** An S3 gateway over a folder. Encrypts nothing, whatever it is asked for. With `versions`, buckets may keep them. */
export async function startVersitygw(folder: string, { versions = false } = {}): Promise<ForeignServer> {
  const [disk, metadata, older] = await folders(folder, 'objects', 'metadata', 'versions')
  return startServer({
    name: 'versitygw 1.8.0',
    program: join(SERVERS, 'versitygw'),
    args: (port) => [
      ...['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', metadata],
      ...(versions ? ['--versioning-dir', older] : []),
      disk,
    ],
    env: { ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
    disk,
    keys: KEYS,
  })
}

/** `rclone serve s3` over a folder. 1.75.2 repeats every encryption header and stores plaintext; 1.76.0 refuses SSE-C. */
export async function startRclone(folder: string, version: '1.75.2' | '1.76.0'): Promise<ForeignServer> {
  const [disk] = await folders(folder, 'objects')
  return startServer({
    name: `rclone ${version}`,
    program: version === '1.75.2' ? pythonTool('rclone') : join(SERVERS, `rclone-${version}`),
    args: (port) => [
      ...['serve', 's3', disk, '--addr', `127.0.0.1:${port}`, '--config', '/dev/null'],
      ...['--auth-key', `${KEYS.accessKeyId},${KEYS.secretAccessKey}`],
    ],
    disk,
    keys: KEYS,
  })
}

/** The server of Go programs' tests, in memory. Requests with a query that it does not know do what they do without it. */
export function startGofakes3(): Promise<ForeignServer> {
  return startServer({
    name: 'gofakes3 1.2.0',
    program: join(SERVERS, 'gofakes3'),
    args: (port) => ['-backend', 'memory', '-host', `127.0.0.1:${port}`],
    keys: KEYS,
  })
}

async function folders<Names extends string[]>(
  parent: string,
  ...names: Names
): Promise<{ [Name in keyof Names]: string }> {
  const paths = names.map((name) => join(parent, name))
  for (const path of paths) await mkdir(path, { recursive: true })
  return paths as { [Name in keyof Names]: string }
}
/** Adobe's S3Mock, over a folder. It has no KMS and checks no signature. */
export async function startS3Mock(folder: string): Promise<ForeignServer> {
  const [disk] = await folders(folder, 'objects')
  return startServer({
    name: 'S3Mock 5.2.0',
    program: 'java',
    args: (port) => [
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', join(SERVERS, 's3mock-exec.jar')],
      ...['--server.port=0', `--com.adobe.testing.s3mock.http-port=${port}`],
    ],
    env: { COM_ADOBE_TESTING_S3MOCK_STORE_ROOT: disk, COM_ADOBE_TESTING_S3MOCK_STORE_RETAIN_FILES_ON_EXIT: 'true' },
    disk,
    keys: KEYS,
  })
}
