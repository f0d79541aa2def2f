import { coffer } from '../../state/coffer.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import PassphraseDialog from './PassphraseDialog.svelte'

type Asked = DialogProps<string> & { why: string; purpose: 'open' | 'create' }

/** Puts what the core has to know before the person, one question at a time, for as long as the window is there. */
export async function answerQuestions(): Promise<void> {
  const { questions } = coffer.client
  for await (const { question } of await questions.watch({})) {
    if (question === null) continue
    const { id, why, purpose } = question
    const passphrase = (await dialogs.show<Asked>(PassphraseDialog, { why, purpose })) ?? ''
    // Another window may have been faster.
    await questions.answer({ id, passphrase }).catch(() => undefined)
  }
}
