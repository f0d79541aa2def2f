import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const FOLDER = '.github/workflows'

it('workflows run actions of one commit each, whose version is named beside it', async () => {
  const names = await readdir(FOLDER)
  expect(names.toSorted()).toEqual(['ci.yml', 'release.yml'])
  const texts = await Promise.all(names.map((name) => readFile(join(FOLDER, name), 'utf8')))
  const uses = texts.flatMap((text) => text.split('\n').filter((line) => /\buses:/.test(line)))
  expect(uses.length).toBeGreaterThan(5)
  expect(uses.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
})
