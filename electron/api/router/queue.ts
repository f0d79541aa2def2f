import { CofferError } from '../../base/errors.ts'
import { procedures } from './base.ts'

function notYet(): never {
  throw new CofferError('UNSUPPORTED', 'The transfer queue is not built yet.')
}

const { put, get, watch, items, pause, resume, cancel, retry, answer, clear, resumeAll, limit, leftovers, cleanUp } =
  procedures.transfers

export const transfersRouter = {
  put: put.handler(notYet),
  get: get.handler(notYet),
  watch: watch.handler(notYet),
  items: items.handler(notYet),
  pause: pause.handler(notYet),
  resume: resume.handler(notYet),
  cancel: cancel.handler(notYet),
  retry: retry.handler(notYet),
  answer: answer.handler(notYet),
  clear: clear.handler(notYet),
  resumeAll: resumeAll.handler(notYet),
  limit: limit.handler(notYet),
  leftovers: leftovers.handler(notYet),
  cleanUp: cleanUp.handler(notYet),
}
