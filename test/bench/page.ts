import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'

/** One table with what is said of it. */
export interface Section {
  title: string
  text: string
}

const PAGE = resolve('docs/performance.md')

/** What is below this heading is written by hand and kept. */
const BY_HAND = '## What was tried'

/** Writes docs/performance.md: all but the part that is kept by hand. */
export async function writePage(intro: string, sections: Section[]): Promise<void> {
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  const at = before.indexOf(BY_HAND)
  const kept = at === -1 ? `${BY_HAND}\n` : before.slice(at)
  const body = sections.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n')
  const page = `# Performance\n\n${intro}\n\n${body}\n${kept}`
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }))
}
