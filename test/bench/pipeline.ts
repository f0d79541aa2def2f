import { randomBytes } from 'node:crypto'
import { release } from '../../electron/base/release.ts'
import { openContent, sealContent } from '../../electron/envelope/content.ts'
import { succeed } from '../support/run.ts'
import { MIB } from './loads.ts'
import { median } from './measure.ts'
import { markdownTable, ratio } from './table.ts'
import type { Target } from './targets.ts'

/** Bytes of one step: what a transfer hands to its cipher at a time. */
const STEP = 512 * 1024
/** One part; the plaintext of a run goes round in it, as it does in a transfer's buffers, and what comes out is freed as there. */
const PART = 8 * MIB
const RUN = 512 * MIB

interface Rates {
  seal: number
  open: number
  openssl: number
}

/**
 * The crypto pipeline alone, on one core: sealing and opening as transfers do, key derivation, commitment and tag
 * included, beside `openssl speed` in the same round. Rates in MiB a second of processor time, medians.
 */
export async function runPipeline(rounds: number): Promise<{ table: string; targets: Target[] }> {
  const all: Rates[] = []
  sealAndOpen()
  for (let round = 0; round < rounds; round++) all.push({ ...sealAndOpen(), openssl: await opensslRate() })
  const of = (field: keyof Rates): number => median(all.map((rates) => rates[field]))
  const [seal, open, openssl] = [of('seal'), of('open'), of('openssl')]
  const row = (name: string, rate: number): string[] => [name, rate.toFixed(0), ratio(rate / openssl)]
  const table = markdownTable(
    ['', 'MiB/s', '/ openssl'],
    [
      row('Coffer seals (key-committing AES-256-GCM)', seal),
      row('Coffer opens', open),
      row(`openssl speed -evp aes-256-gcm -bytes ${STEP}`, openssl),
    ],
  )
  const bound = { least: 0.8 }
  return {
    table,
    targets: [
      { what: 'Sealing, against openssl on one core', value: seal / openssl, bound },
      { what: 'Opening, against openssl on one core', value: open / openssl, bound },
    ],
  }
}

function sealAndOpen(): Omit<Rates, 'openssl'> {
  const dataKey = randomBytes(32)
  const part = randomBytes(PART)
  const { content, sealer } = sealContent('v3', Buffer.from(dataKey))
  const seal = timed(() => {
    for (let done = 0; done < RUN; done += STEP)
      release(sealer.update(part.subarray(done % PART, (done % PART) + STEP)))
    sealer.final()
  })
  const opener = openContent(content, Buffer.from(dataKey), RUN + 16)
  // What is opened was never sealed, and its tag does not match: GCM does the same work for it.
  const open = timed(() => {
    for (let done = 0; done < RUN; done += STEP)
      release(opener.update(part.subarray(done % PART, (done % PART) + STEP)))
  })
  opener.forget()
  return { seal, open }
}

/**
 * By processor time, as openssl counts too: what others do on the machine meanwhile is not the pipeline's doing. Unlike
 * openssl's, it includes the system's share, and what V8 spends to collect the buffers.
 */
function timed(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return RUN / MIB / ((user + system) / 1_000_000)
}

/** `AES-256-GCM    5161152.75k`: thousands of bytes a second. */
async function opensslRate(): Promise<number> {
  const args = ['speed', '-seconds', '1', '-bytes', String(STEP), '-evp', 'aes-256-gcm']
  const text = await succeed('openssl', args)
  const thousands = /^AES-256-GCM\s+([\d.]+)k/im.exec(text)?.[1]
  if (thousands === undefined) throw new Error(`openssl speed said: ${text}`)
  return (Number(thousands) * 1000) / MIB
}
