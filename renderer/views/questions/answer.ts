import { coffer } from '../../state/coffer.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import PassphraseDialog from './PassphraseDialog.svelte'

type Asked = DialogProps & {
  why: string
  purpose: 'open' | 'create'
  /** Fires when the question is answered, here or in another window. */
  over: AbortSignal
  /** False if the passphrase is wrong. '' is no. */
  give: (passphrase: string) => Promise<boolean>
}

/** Puts what the core has to know before the person, one question at a time, for as long as the window is there. */
export async function answerQuestions(): Promise<void> {
  const { questions } = coffer.client
  let over = new AbortController()
  for await (const { question } of await questions.watch({})) {
    over.abort()
    over = new AbortController()
    if (question === null) continue
    const { id, why, purpose } = question
    const give = async (passphrase: string): Promise<boolean> => (await questions.answer({ id, passphrase })).right
    void dialogs.show<Asked>(PassphraseDialog, { why, purpose, over: over.signal, give })
  }
}
