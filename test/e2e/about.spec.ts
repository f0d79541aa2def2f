import { AxeBuilder } from '@axe-core/playwright'
import manifest from '../../package.json' with { type: 'json' }
import { runCommand, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

test('About says which version this is, what it runs on, and under which licences', async ({ window: { page } }, {
  project,
}) => {
  await tryHere(page)
  await runCommand(page, 'About Coffer')
  const about = page.getByRole('dialog', { name: 'About Coffer' })
  await expect(about).toContainText(manifest.version)
  await expect(about).toContainText(manifest.homepage)
  await expect(about).toContainText(
    project.name === 'browser' ? 'your browser' : /Electron \d+\.\d+\.\d+, Chromium \d+/,
  )
  // A browser's window updates nothing, and a build that is not packaged does not look for updates.
  const updates = about.getByRole('region', { name: 'Updates' })
  if (project.name === 'browser') await expect(updates).toHaveCount(0)
  else await expect(updates).toContainText('This is a development build. It does not look for updates.')
  await expect(updates.getByRole('button')).toHaveCount(0)

  await about.getByRole('button', { name: 'Third-party notices' }).click()
  const notices = page.getByRole('dialog', { name: 'Third-party notices' })
  await notices.getByText(/^@fontsource-variable\/inter /).click()
  await expect(notices.getByText('SIL OPEN FONT LICENSE').first()).toBeVisible()
  await expect(notices.getByText(/^svelte 5/)).toBeVisible()
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(project.name !== 'browser').analyze()
  expect(violations).toEqual([])
})
