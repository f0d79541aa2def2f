const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes as people write them: `2.4 MB`, powers of 1,000 as the system's own file manager counts. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  const digits = power > 0 && value < 10 ? 1 : 0
  return `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${UNITS[power] ?? ''}`
}

/** `1 file`, `14 files`, `1,204 files`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** `3 s`, `2 min`, `1 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds)).toString()} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes.toString()} min`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60).toString()} h${rest === 0 ? '' : ` ${rest.toString()} min`}`
}

const DAY = 24 * 60 * 60 * 1000
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayMonthYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'medium' })

/** `Today 14:02`, `Yesterday`, `21 Nov`, `3 Feb 2025`. */
export function when(date: Date, now = new Date()): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()
  if (date.getTime() >= midnight && date.getTime() < midnight + DAY) return `Today ${clock.format(date)}`
  if (date.getTime() >= midnight - DAY && date.getTime() < midnight) return 'Yesterday'
  return (date.getFullYear() === now.getFullYear() ? dayMonth : dayMonthYear).format(date)
}

/** `today 14:02`, within a sentence. Months keep their capital. */
export function lower(words: string): string {
  return words.replace(/^(?:Today|Yesterday)/, (word) => word.toLowerCase())
}

/** With the day and the second, for a tooltip or a detail. */
export function exactly(date: Date): string {
  return full.format(date)
}

/** `a41f…09c2`: enough of an id to tell it from another. */
export function short(id: string): string {
  return id.length <= 12 ? id : `${id.slice(0, 4)}…${id.slice(-4)}`
}

/** The same of an ARN's last part, which is what tells it from others: `a41f…09c2` of `arn:aws:kms:…:key/a41f….09c2`. */
export function shortId(id: string): string {
  return short(id.startsWith('arn:') ? (id.split('/').at(-1) ?? id) : id)
}
