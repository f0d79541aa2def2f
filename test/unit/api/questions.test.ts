import { expect, it } from 'vitest'
import { openQuestions, type Question } from '../../../electron/api/questions.ts'

const FOREVER = new AbortController().signal

async function next(watching: AsyncGenerator<Question | null, void, void>): Promise<Question | null> {
  const { value } = await watching.next()
  return value ?? null
}

it('every window hears the open question, the next one after it, and that there is none', async () => {
  const questions = openQuestions()
  const early = questions.watch(FOREVER)
  expect(await next(early)).toBeNull()
  const one = questions.ask('one', 'open')
  const other = questions.ask('other', 'create')
  const late = questions.watch(FOREVER)
  const first = await next(early)
  expect(first).toMatchObject({ why: 'one', purpose: 'open' })
  expect(await next(late)).toEqual(first)

  await questions.answer(first?.id ?? 0, 'yes')
  expect(await one).toBe('yes')
  const second = await next(early)
  expect(second).toMatchObject({ why: 'other', purpose: 'create' })
  await questions.answer(second?.id ?? 0, '')
  expect(await other).toBe('')
  expect(await next(early)).toBeNull()
})

it('a question is answered once', async () => {
  const questions = openQuestions()
  const answered = questions.ask('why', 'open')
  expect(await questions.answer(1, 'a')).toBe(true)
  await expect(questions.answer(1, 'b')).rejects.toThrow('answered already')
  expect(await answered).toBe('a')
})

it('a wrong answer leaves the question open; the right one, or no, ends it', async () => {
  const questions = openQuestions()
  const isRight = (passphrase: string): Promise<boolean> => Promise.resolve(passphrase === 'right')
  const answered = questions.ask('why', 'open', isRight)
  expect(await questions.answer(1, 'wrong')).toBe(false)
  expect(await next(questions.watch(FOREVER))).toMatchObject({ id: 1 })
  expect(await questions.answer(1, 'right')).toBe(true)
  expect(await answered).toBe('right')
  const refused = questions.ask('why', 'open', isRight)
  expect(await questions.answer(2, '')).toBe(true)
  expect(await refused).toBe('')
})

it('when it is over, whoever waits and whoever asks later hears no', async () => {
  const questions = openQuestions()
  const waiting = questions.ask('why', 'open')
  questions.close()
  expect(await waiting).toBe('')
  expect(await questions.ask('why', 'open')).toBe('')
})

it('a window that goes away stops listening', async () => {
  const questions = openQuestions()
  const leaving = new AbortController()
  const watching = questions.watch(leaving.signal)
  await watching.next()
  const end = watching.next()
  leaving.abort()
  expect((await end).done).toBe(true)
})
