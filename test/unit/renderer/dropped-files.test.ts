import { expect, test } from 'vitest'

/** As much of a browser's entry as is looked at (W3C, "File and Directory Entries API"). */
interface Entry {
  name: string
  isFile: boolean
  file?: (done: (file: File) => void) => void
  createReader?: () => { readEntries: (done: (batch: Entry[]) => void) => void }
}

/** Types of a browser are not those of this test's program. */
type Module = { filesBelow: (entry: Entry) => AsyncGenerator<{ name: string; file: File }> }

const fileEntry = (name: string): Entry => ({ name, isFile: true, file: (done) => done(new File(['x'], name)) })

function folderEntry(name: string, below: Entry[]): Entry {
  const batches = [below, []]
  const reader = { readEntries: (done: (batch: Entry[]) => void) => done(batches.shift() ?? []) }
  return { name, isFile: false, createReader: () => reader }
}

test('a dropped folder keeps its structure, and an empty one in it is a name that ends with /', async () => {
  const path: string = '../../../renderer/hosts/dropped-files.ts'
  const { filesBelow } = (await import(path)) as Module
  const deep = folderEntry('deep', [fileEntry('b')])
  const found = await Array.fromAsync(
    filesBelow(folderEntry('papers', [fileEntry('a'), folderEntry('empty', []), deep])),
  )
  expect(found.map(({ name, file }) => [name, file.size])).toEqual([
    ['papers/a', 1],
    ['papers/empty/', 0],
    ['papers/deep/b', 1],
  ])
})
