/* What a window has to bear: names of every kind, an empty file, folders without end, and what was removed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { coffer } from './sample-vault.ts'

export const LONG = `${'A very long name that somebody gave to a contract in three languages '.repeat(3).trim()}.pdf`
export const DEEP = `${Array.from({ length: 12 }, (_, at) => `level-${(at + 1).toString()} of the archive`).join('/')}/`

/** Names that people have, and that a list has to bear. */
const ODD = [
  LONG,
  '📷 Urlaub 🏖️.jpg',
  'تقرير المبيعات 2026.pdf',
  '会议记录.txt',
  '  spaces  .txt',
  'a<b>&"c".txt',
  '.hidden',
]

/** Needs the files of the sample vault, and `notes.txt` among them. */
export async function fillOdd(folder: string): Promise<void> {
  const put = (from: string, to: string): Promise<string> =>
    coffer(
      folder,
      'put',
      join(folder, 'files', from),
      `s3://odd/${to}`,
      '--mode',
      'cse-kms',
      '--key',
      'alias/contracts',
    )
  await writeFile(join(folder, 'files/empty.txt'), '')
  await put('empty.txt', 'empty.txt')
  for (const name of ODD) await put('notes.txt', name)
  await put('notes.txt', `${DEEP}bottom.txt`)
}

/** A bucket that keeps versions, and what was removed from it. */
export async function fillKept(folder: string): Promise<void> {
  await coffer(folder, 'bucket', 'make', 'kept')
  await coffer(folder, 'bucket', 'versioning', 'kept', 'on')
  const names = ['letter.txt', 'letter.txt', 'plan.txt', 'old/2019/tax.txt', 'old/2020/tax.txt', 'here.txt']
  for (const name of names) {
    await coffer(folder, 'put', join(folder, 'files/notes.txt'), `s3://kept/${name}`, '--mode', 'sse-s3', '--overwrite')
  }
  for (const name of ['letter.txt', 'plan.txt']) await coffer(folder, 'rm', `s3://kept/${name}`)
  await coffer(folder, 'rm', 's3://kept/old/', '--recursive')
}
