import { procedures, signalOf } from './base.ts'

const { questions } = procedures

/** A host that asks on its own, as the command line does, has no open questions. */
export const questionsRouter = {
  watch: questions.watch.handler(async function* ({ context, signal }) {
    if (context.questions === undefined) yield { question: null }
    else for await (const question of context.questions.watch(signalOf(signal))) yield { question }
  }),
  answer: questions.answer.handler(async ({ input: { id, passphrase }, context }) => ({
    right: (await context.questions?.answer(id, passphrase)) ?? true,
  })),
  keychain: questions.keychain.handler(async function* ({ context, signal }) {
    if (context.keychainWait === undefined) yield { isWaiting: false }
    else for await (const isWaiting of context.keychainWait.watch(signalOf(signal))) yield { isWaiting }
  }),
  notices: questions.notices.handler(({ context }) => [...(context.notices?.() ?? [])]),
}
