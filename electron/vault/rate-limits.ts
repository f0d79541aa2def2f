import type { Settings } from '../store/settings.ts'

/** The limit that was set for a direction, in bytes a second; null: none. */
export function limitOf(settings: Pick<Settings, 'get'>, way: 'up' | 'down'): number | null {
  return settings.get(`rate-limit/${way}`, asLimit)
}

export function setLimit(settings: Pick<Settings, 'set'>, way: 'up' | 'down', limit: number | null): void {
  settings.set(`rate-limit/${way}`, limit)
}

function asLimit(value: unknown): number | null {
  if (value === null || (typeof value === 'number' && value > 0)) return value
  throw new TypeError('A setting that should be a rate limit is not.')
}
