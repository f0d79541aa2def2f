import { procedures } from './base.ts'

const { local, principals } = procedures

export const localRouter = {
  status: local.status.handler(async ({ context: { coffer } }) => ({
    ...(await coffer.localCloud.status()),
    kit: coffer.localCloud.kits.status(),
  })),
  open: local.open.handler(({ input, context: { coffer } }) => coffer.localCloud.open(input.dataDir)),
}

export const principalsRouter = {
  add: principals.add.handler(({ input, context }) => context.coffer.localCloud.principals.add(input.name)),
  list: principals.list.handler(({ context }) => context.coffer.localCloud.principals.list()),
  remove: principals.remove.handler(({ input, context }) => context.coffer.localCloud.principals.remove(input.name)),
}
