import { join, resolve } from 'node:path'
import { build } from 'vite'
import type { Rolldown } from 'vite'
import { expect, it } from 'vitest'

it('the contract and its client can be bundled for a browser: nothing of Node is in them', async () => {
  const api = resolve(import.meta.dirname, '../../../electron/api')
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: { contract: join(api, 'contract.ts'), client: join(api, 'client.ts') }, formats: ['es'] },
    },
  })
  const chunks = (built as Rolldown.RolldownOutput[])
    .flatMap(({ output }) => output)
    .filter((file): file is Rolldown.OutputChunk => file.type === 'chunk')
  const modules = chunks.flatMap((chunk) => chunk.moduleIds)
  expect(modules.filter((id) => id.includes('/electron/api/contract/')).length).toBeGreaterThan(5)
  expect(modules.filter((id) => /^node:|__vite-browser-external|electron\/(?!api|base)\w+\//.test(id))).toEqual([])
  expect(
    chunks.flatMap((chunk) => chunk.imports).filter((id) => !chunks.some(({ fileName }) => fileName === id)),
  ).toEqual([])
})
