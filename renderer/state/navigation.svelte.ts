/** A screen, and what it shows. */
export type Screen =
  | { name: 'welcome' }
  | { name: 'vault'; place: string; bucket: string; prefix: string }
  | { name: 'keys'; tab: 'yours' | 'kms' }
  | { name: 'activity' }
  | { name: 'settings' }
  | { name: 'connect' }
  /** A place whose buckets are to be chosen or made. */
  | { name: 'place'; place: string }
  /** What a place's server really does. */
  | { name: 'server'; place: string }

/** Where the window is. It lives in the address's fragment, so that reload, back and forward do what they say. */
class Navigation {
  #screen = $state<Screen>(parse(location.hash))

  constructor() {
    addEventListener('hashchange', () => (this.#screen = parse(location.hash)))
  }

  get screen(): Screen {
    return this.#screen
  }

  go(screen: Screen): void {
    location.hash = format(screen)
  }

  /** Goes there without a step back. */
  replace(screen: Screen): void {
    history.replaceState(null, '', format(screen))
    this.#screen = screen
  }

  openFolder(place: string, bucket: string, prefix = ''): void {
    this.go({ name: 'vault', place, bucket, prefix })
  }
}

export function format(screen: Screen): string {
  switch (screen.name) {
    case 'vault':
      return `#/vault/${[screen.place, screen.bucket, screen.prefix].map(encodeURIComponent).join('/')}`
    case 'place':
    case 'server':
      return `#/${screen.name}/${encodeURIComponent(screen.place)}`
    case 'keys':
      return `#/keys/${screen.tab}`
    case 'welcome':
    case 'activity':
    case 'settings':
    case 'connect':
      return `#/${screen.name}`
  }
}

function parse(hash: string): Screen {
  const [name, ...rest] = hash.replace(/^#\//, '').split('/').map(decodeURIComponent)
  const [first = '', second = '', third = ''] = rest
  if (name === 'vault' && first !== '' && second !== '') return { name, place: first, bucket: second, prefix: third }
  if ((name === 'place' || name === 'server') && first !== '') return { name, place: first }
  if (name === 'keys') return { name, tab: first === 'kms' ? 'kms' : 'yours' }
  if (name === 'activity' || name === 'settings' || name === 'connect') return { name }
  return { name: 'welcome' }
}

export const navigation = new Navigation()
