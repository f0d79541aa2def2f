import { expect, test } from 'vitest'
import { explain } from '../../../../renderer/words/failures.ts'
import { folderText, itemsText, lastName, shownName } from '../../../../renderer/words/names.ts'

test('what could deceive in a name is shown as its code, and the name itself stays as it is', () => {
  const key = 'bills/invoice\u202egpj.exe'
  expect(shownName(key)).toBe('invoice\\u{202e}gpj.exe')
  expect(lastName(key)).toBe('invoice\u202egpj.exe')
  expect(itemsText([{ key }])).toBe('“invoice\\u{202e}gpj.exe”')
  expect(folderText('box', 'a\x1b/b\u2066/')).toBe('box / a\\x1b / b\\u{2066}')
  const failure = {
    code: 'OBJECT_NOT_FOUND',
    message: `There is no ${key}`,
    hint: 'Look\u2028again.',
    facts: {},
  } as const
  expect(explain(failure)).toEqual({ title: 'There is no bills/invoice\\u{202e}gpj.exe', next: 'Look\\u{2028}again.' })
})
