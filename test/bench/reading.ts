import { basename } from 'node:path'
import type { Contestant, Reached, Size } from './contestants.ts'
import type { Command } from './measure.ts'

/** What has to be known to read the tables: how they were measured, and what was run. */
export function readingText(contestants: Contestant[]): string {
  return `${HOW}\n\n## What was run\n\n${commands(contestants)}`
}

const HOW = `Every number is a median, of five runs unless a table says otherwise. All contestants take their turn in each round, so
that whatever else the machine does hits all alike; before the first, each program has been started once, and who has
objects of their own has put them up and brought them down. A run is a whole command, its start-up included. Ratios are of
throughput: 2.00 × is twice as fast. CPU seconds (user and system) and peak resident memory are the operating system's own
accounting of the client's whole process tree (wait4). Files lie on a memory file system.

Most tables are made against a **sink**: a small server of the bench (\`test/bench/sink.ts\`) that counts what is sent to it
and throws it away, and serves ranges of noise, or of what was sealed before, out of memory. So neither a server nor a disk
is what is measured; but the sink runs on the same cores as the client, so that no client has the whole machine. Of a core it
takes about a fifth of a second a GiB. It looks at no signature and no checksum and keeps no MD5: rclone, which compares
MD5 where the server has one, is spared that on the way down. It is reached over TLS, as people reach S3, under a
certificate authority that the client's environment trusts, unless a table says otherwise. Coffer takes it for a place whose
test held, as it takes Amazon S3: of a server that was not tested, it asks about each file once more.`

export const WINDOW = `In headless Chromium, at 1280 by 800. A cold window is a browser profile that has loaded nothing before; the empty page is
one more file of the same server. Folders are opened out of the catalog, while S3 is listed behind them, until the first
row has been painted. Scrolling is one gesture of 3,000 pixels down and up again, at 3,000 a second, in the large folder
where nothing was fetched before; dropped frames are those of the browser's own trace (DroppedFrame), late ones are counted
by the page between its animation frames.`

const SERVER: Reached = {
  name: 'sink',
  endpoint: 'https://127.0.0.1:PORT',
  caFile: 'CA.pem',
  awsEnv: {},
  keys: { sent: 'KEY', sealing: 'KEY', kms: 'KMS-KEY' },
  person: { env: {} },
}

function commands(contestants: Contestant[]): string {
  const list = contestants.map((each) => {
    const { name, sizes } = each
    const lines = sizes.flatMap((size) => {
      const where = { bucket: 'BUCKET', key: size === 'large' ? 'KEY' : 'FOLDER/' }
      const local = size === 'large' ? 'FILE' : 'FOLDER'
      return [shown(each.up(SERVER, size, local, where)), shown(each.down(SERVER, size, where, local))]
    })
    return [`# ${name}: ${sizes.map((size) => WHAT[size]).join(', then ')}`, ...new Set(lines)].join('\n')
  })
  return `\`\`\`sh\n${list.join('\n\n')}\n\`\`\``
}

const WHAT: Record<Size, string> = {
  large: 'the large file up and down',
  medium: 'the files of 100 KiB up and down',
  small: 'the small files up and down',
}

/** As it is typed. Servers and keys are the environment's affair, and the same for all. */
function shown({ program, args }: Command): string {
  const words = program === process.execPath ? ['coffer', ...args.slice(1)] : [basename(program), ...args]
  return words.join(' ')
}
