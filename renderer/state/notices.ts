import { coffer } from './coffer.ts'
import { noticeText } from '../words/failures.ts'
import { toasts } from './toasts.svelte.ts'

const told = new Set<string>()

/** Tells, once each, what Coffer has mended by itself. */
export async function tellNotices(): Promise<void> {
  for (const text of await coffer.client.questions.notices({})) {
    if (told.has(text)) continue
    told.add(text)
    toasts.told(noticeText(text))
  }
}
