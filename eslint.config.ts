import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  { ignores: ['.cache/', 'dist/', 'release/', 'node_modules/', 'test/fixtures/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: ['.svelte'] },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      'no-console': 'error',
      'max-depth': ['error', 4],
      'max-lines': ['warn', { max: 320, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // The compiler and svelte-check know the browser's globals.
      'no-undef': 'off',
      // Addresses are fragments of one page, made in state/navigation.
      'svelte/no-navigation-without-resolve': 'off',
      // Some sets and maps are bookkeeping that nothing is drawn from.
      'svelte/prefer-svelte-reactivity': 'off',
      // Markup that comes from anywhere but the compiler would be a way in.
      'svelte/no-at-html-tags': 'error',
      // Markup and styles are not what makes a component long.
      'max-lines': ['warn', { max: 450, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // The places that talk to a terminal.
    files: ['scripts/**', 'test/**', 'electron/cli/**'],
    rules: { 'no-console': 'off' },
  },
)
