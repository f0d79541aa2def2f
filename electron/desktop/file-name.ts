/** Characters that one system or another refuses in a file's name; `..` and the like are no names at all. */
const REFUSED = /[<>:"/\\|?*\p{Cc}]/gu

/** A name for the system's save dialog to begin with, from what an object is called. */
export function suggestedName(name: string): string {
  const tidy = name.replace(REFUSED, '-').replace(/^\.+|[. ]+$/g, '')
  return tidy === '' ? 'file' : tidy.slice(0, 200)
}
