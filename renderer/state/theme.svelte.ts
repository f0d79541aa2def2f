/** What the person chose; `system` follows the system as it changes. */
export type Theme = 'system' | 'light' | 'dark'

const dark = matchMedia('(prefers-color-scheme: dark)')

function apply(chosen: Theme): void {
  const now = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen
  document.documentElement.dataset['theme'] = now
}

class ThemeState {
  #chosen = $state<Theme>('system')

  constructor() {
    apply('system')
    dark.addEventListener('change', () => apply(this.#chosen))
  }

  get chosen(): Theme {
    return this.#chosen
  }

  set chosen(theme: Theme) {
    this.#chosen = theme
    apply(theme)
  }
}

export const theme = new ThemeState()
