import { readFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { pythonTool, run } from '../support/run.ts'
import { markdownTable } from './table.ts'

/** What was measured on: hardware, kernel, and the version of every tool. */
export async function machineTable(): Promise<string> {
  const model = cpus()[0]?.model.trim() ?? ''
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''))?.[1] ?? ''
  const crypto = ['aes', 'vaes', 'vpclmulqdq', 'sha_ni'].filter((flag) => flags.split(' ').includes(flag))
  const rows = [
    ['processor', `${model}, ${cpus().length} cores${crypto.length === 0 ? '' : ` (${crypto.join(', ')})`}`],
    ['memory', `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    ['system', `${type()} ${release()}`],
    ['Node.js', `${process.version}, OpenSSL ${process.versions.openssl}`],
    ['AWS CLI', await firstLine(pythonTool('aws'), ['--version'])],
    ['s5cmd', await firstLine(pythonTool('s5cmd'), ['version'])],
    ['rclone', await firstLine(pythonTool('rclone'), ['version'])],
    ['OpenSSL', await firstLine('openssl', ['version'])],
    ['grep', await firstLine('grep', ['--version'])],
  ]
  return markdownTable(['', ''], rows)
}

async function firstLine(program: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args)
  return (stdout + stderr).split('\n')[0] ?? ''
}
