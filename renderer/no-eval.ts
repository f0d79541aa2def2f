import * as z from 'zod'

/* Schemas would try whether they may compile themselves with `new Function`, and the content policy would report each try.
   Imported before anything that makes a schema. */
z.config({ jitless: true })
