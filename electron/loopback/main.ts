import { start } from '../base/start.ts'

await start(async () => (await import('./open.ts')).open(process.argv.slice(2)))
