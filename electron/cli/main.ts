#!/usr/bin/env node
import { start } from '../base/start.ts'

await start(async () => {
  const [{ keepCompiled }, { cofferHome }] = await Promise.all([
    import('../base/compiled.ts'),
    import('../store/home.ts'),
  ])
  keepCompiled(cofferHome(process.env))
  return (await import('./program.ts')).run(process.argv)
})
