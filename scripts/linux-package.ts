#!/usr/bin/env node
/*
 * Makes a .deb by dpkg-deb or an .rpm by rpmbuild out of the arguments that electron-builder gives to fpm
 * (https://fpm.readthedocs.io/en/latest/cli-reference.html), in fpm's place: electron-builder would download fpm's program
 * from where neither a pinned hash nor a package registry vouches for it. scripts/package.ts names this file to it.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const root = resolve(import.meta.dirname, '..')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'input-type': { type: 'string', short: 's' },
    'output-type': { type: 'string', short: 't' },
    force: { type: 'boolean' },
    depends: { type: 'string', short: 'd', multiple: true, default: [] },
    'deb-recommends': { type: 'string', multiple: true, default: [] },
    'deb-compression': { type: 'string', default: 'xz' },
    'deb-priority': { type: 'string', default: 'optional' },
    'rpm-os': { type: 'string', default: 'linux' },
    'rpm-compression': { type: 'string', default: 'xzmt' },
    'rpm-summary': { type: 'string' },
    architecture: { type: 'string' },
    'after-install': { type: 'string' },
    'after-remove': { type: 'string' },
    description: { type: 'string', default: '' },
    version: { type: 'string' },
    package: { type: 'string' },
    name: { type: 'string' },
    maintainer: { type: 'string' },
    vendor: { type: 'string' },
    url: { type: 'string' },
    category: { type: 'string' },
    license: { type: 'string' },
  },
})

/** An argument that electron-builder always gives. */
function required(name: keyof typeof values): string {
  const value = values[name]
  if (typeof value !== 'string' || value === '') throw new Error(`--${name} is missing`)
  return value
}

const output = resolve(required('package'))
const script = (name: 'after-install' | 'after-remove'): string => readFileSync(required(name), 'utf8')
/** The first line is the summary, if there is one. */
const [summary = '', ...lines] = values.description.split('\n').map((line) => line.trim())

/** Copies `SOURCE=TARGET` below `stage`; a folder is copied by its contents. */
function layOut(stage: string): void {
  for (const mapping of positionals) {
    const at = mapping.lastIndexOf('=')
    const source = resolve(root, mapping.slice(0, at))
    const target = join(stage, mapping.slice(at + 1))
    mkdirSync(dirname(target), { recursive: true })
    // Node's own copying refuses links to what is not there yet.
    execFileSync('cp', ['-a', '-T', source, target])
  }
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', stage])
}

/** Everything below `folder` by its path from there on: files and links, or folders. */
function below(folder: string, what: 'files' | 'folders'): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (what === 'folders'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()
}

/** fpm's names, and dpkg-deb's. */
const DEB_COMPRESSIONS: Record<string, string> = { none: 'none', gz: 'gzip', xz: 'xz', zst: 'zstd' }

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html */
function makeDeb(stage: string): void {
  const files = below(stage, 'files')
  const sizes = files.map((file) => lstatSync(join(stage, file)).size)
  const fields = {
    Package: required('name'),
    Version: required('version'),
    Architecture: required('architecture'),
    Maintainer: required('maintainer'),
    'Installed-Size': String(Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024)),
    Depends: values.depends.join(', '),
    Recommends: values['deb-recommends'].join(', '),
    Section: values.category ?? 'utils',
    Priority: values['deb-priority'],
    Homepage: required('url'),
    Description: [summary, ...lines.map((line) => ` ${line === '' ? '.' : line}`)].join('\n'),
  }
  const control = Object.entries(fields).filter(([, value]) => value !== '')
  const own = join(stage, 'DEBIAN')
  mkdirSync(own)
  writeFileSync(join(own, 'control'), `${control.map(([name, value]) => `${name}: ${value}`).join('\n')}\n`)
  writeFileSync(join(own, 'postinst'), script('after-install'), { mode: 0o755 })
  writeFileSync(join(own, 'postrm'), script('after-remove'), { mode: 0o755 })
  const regular = files.filter((file) => lstatSync(join(stage, file)).isFile())
  const sums = regular.map((file) => `${md5(join(stage, file))}  ${file}\n`)
  writeFileSync(join(own, 'md5sums'), sums.join(''))
  const how = ['--root-owner-group', `-Z${DEB_COMPRESSIONS[values['deb-compression']] ?? 'xz'}`, '--build']
  execFileSync('dpkg-deb', [...how, stage, output], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** dpkg's own list finds damage, not forgery. */
function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}

const RPM_PAYLOADS: Record<string, string> = {
  none: 'w.ufdio',
  gzip: 'w9.gzdio',
  bzip2: 'w9.bzdio',
  xz: 'w6.xzdio',
  xzmt: 'w6T0.xzdio',
  zstd: 'w19T0.zstdio',
}

/** https://rpm-software-management.github.io/rpm/manual/spec.html */
function makeRpm(stage: string, scratch: string): void {
  // Folders outside of /opt belong to the system.
  const folders = below(stage, 'folders').filter((folder) => folder.startsWith('opt/'))
  const listed = [...folders.map((folder) => `%dir "/${folder}"`), ...below(stage, 'files').map((file) => `"/${file}"`)]
  const verbatim = (text: string): string => text.replaceAll('%', '%%')
  const spec = `
%define _build_id_links none
%define __os_install_post %{nil}
%define _binary_payload ${RPM_PAYLOADS[values['rpm-compression']] ?? 'w6T0.xzdio'}
%define _topdir ${scratch}/rpm
%define _rpmdir ${scratch}/out
%define _rpmfilename package.rpm

Name: ${required('name')}
Version: ${required('version')}
Release: 1
Summary: ${values['rpm-summary'] ?? summary}
License: ${required('license')}
Vendor: ${required('vendor')}
Packager: ${required('maintainer')}
URL: ${required('url')}
Group: ${values.category ?? 'Applications/File'}
AutoReqProv: no
${values.depends.map((name) => `Requires: ${name}`).join('\n')}

%description
${verbatim(values.description)}

%post
${verbatim(script('after-install'))}
%postun
${verbatim(script('after-remove'))}
%files
%defattr(-,root,root,-)
${listed.join('\n')}
`
  writeFileSync(join(scratch, 'package.spec'), spec)
  const how = ['-bb', '--quiet', '--target', `${required('architecture')}-${values['rpm-os']}`, '--buildroot', stage]
  execFileSync('rpmbuild', [...how, join(scratch, 'package.spec')], { stdio: ['ignore', 'ignore', 'inherit'] })
  copyFileSync(join(scratch, 'out', 'package.rpm'), output)
}

const scratch = mkdtempSync(`${output}-`)
try {
  const stage = join(scratch, 'stage')
  layOut(stage)
  mkdirSync(dirname(output), { recursive: true })
  if (values['output-type'] === 'deb') makeDeb(stage)
  else if (values['output-type'] === 'rpm') makeRpm(stage, scratch)
  else throw new Error(`no way to make a package of the type ${values['output-type']}`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
