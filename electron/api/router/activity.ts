import { procedures } from './base.ts'

export const activityRouter = {
  list: procedures.activity.list.handler(({ input, context }) =>
    context.coffer.activity.list(input).map(({ at, ...entry }) => ({ ...entry, at: new Date(at) })),
  ),
}
