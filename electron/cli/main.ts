#!/usr/bin/env node
import { start } from '../base/start.ts'

await start(async () => (await import('./program.ts')).run(process.argv))
