import { expect, test } from 'vitest'
import { takenNote } from '../../../../renderer/views/seal/taken-note.ts'

test('a folder out of the browser’s own dialog says that empty folders are left out', () => {
  expect(takenNote([{ bytes: 2048, withoutEmptyFolders: true }])).toMatch(
    /^2\.0 kB\. The browser leaves out empty folders/,
  )
  expect(takenNote([{ bytes: 2048 }])).toBe('2.0 kB.')
  expect(takenNote([{ bytes: 2048 }, { bytes: undefined }])).toBe('')
})
