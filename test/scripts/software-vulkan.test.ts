import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = 'scripts/software-vulkan.sh';

let apt: string;
beforeEach(() => {
  apt = mkdtempSync(join(tmpdir(), 'sonde-apt-'));
  mkdirSync(join(apt, 'sources.list.d'));
});
afterEach(() => rmSync(apt, { recursive: true }));

/** The backports entry that the script derives for bookworm from these files of an apt folder, or undefined. */
function derive(files: Record<string, string>): { file: string; entry: string } | undefined {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(apt, name)), { recursive: true });
    writeFileSync(join(apt, name), text);
  }
  const command = `source ${script}; derive_backports_entry bookworm && printf '%s\\n%s\\n' "$entry_file" "$entry"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    env: { ...process.env, APT_FOLDER: apt },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  if (status !== 0) return undefined;
  const [file, ...entry] = stdout.trimEnd().split('\n');
  return { file: file.slice(apt.length + 1), entry: entry.join('\n') };
}

describe.skipIf(process.platform !== 'linux')('the backports entry', () => {
  it('keeps mirror and key of a deb822 stanza', () => {
    const sources = [
      '# Written by the installer',
      'Types: deb deb-src',
      '# a comment between fields',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main contrib',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    ].join('\n');
    expect(derive({ 'sources.list.d/debian.sources': sources })).toEqual({
      file: 'sources.list.d/sonde-backports.sources',
      entry: [
        'Types: deb',
        'Suites: bookworm-backports',
        'Components: main',
        'URIs: http://mirror.example/debian',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      ].join('\n'),
    });
  });

  it('keeps a key that is written into the stanza', () => {
    const key = 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----';
    const sources = `Types: deb\nURIs: http://mirror.example/debian\nSuites:\n bookworm\nComponents:\n contrib\n main\n${key}\n`;
    const entry = derive({ 'sources.list.d/debian.sources': sources })?.entry;
    expect(entry).toBe(
      `Types: deb\nSuites: bookworm-backports\nComponents: main\nURIs: http://mirror.example/debian\n${key}`,
    );
  });

  it('passes over stanzas of other suites, without main, without binaries, or switched off', () => {
    const stanza = (changes: Record<string, string>) =>
      Object.entries({ Types: 'deb', URIs: 'http://wrong.example', Suites: 'bookworm', Components: 'main', ...changes })
        .map(([field, value]) => `${field}: ${value}`)
        .join('\n');
    const wrong = [
      stanza({ Suites: 'bookworm-security' }),
      stanza({ Suites: 'nodistro' }),
      stanza({ Components: 'contrib non-free' }),
      stanza({ Types: 'deb-src' }),
      stanza({ Enabled: 'no' }),
    ];
    const right = stanza({ URIs: 'http://right.example' });
    expect(derive({ 'sources.list.d/a.sources': wrong.join('\n\n') })).toBeUndefined();
    expect(derive({ 'sources.list.d/a.sources': [...wrong, right].join('\n\n') })?.entry).toMatch(/right\.example$/);
  });

  it('keeps mirror and options of a one-line entry', () => {
    const list = [
      '# deb http://commented.example bookworm main',
      'deb-src http://source.example bookworm main',
      'deb http://security.example bookworm-security main',
      'deb http://contrib.example bookworm contrib # not main',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/key.gpg] http://mirror.example/debian bookworm main contrib # ours',
    ].join('\n');
    expect(derive({ 'sources.list': list })).toEqual({
      file: 'sources.list.d/sonde-backports.list',
      entry:
        'deb [arch=amd64 signed-by=/usr/share/keyrings/key.gpg] http://mirror.example/debian bookworm-backports main',
    });
  });

  it('knows a release by its standing name too', () => {
    expect(derive({ 'sources.list.d/x.list': 'deb http://mirror.example/debian oldstable main' })?.entry).toBe(
      'deb http://mirror.example/debian bookworm-backports main',
    );
  });

  it('is not made up where no entry offers the release', () => {
    expect(derive({ 'sources.list': 'deb http://mirror.example/ubuntu jammy main' })).toBeUndefined();
    expect(derive({})).toBeUndefined();
  });
});

describe.skipIf(process.platform !== 'linux')('the setup scripts', () => {
  it.each([
    'setup.sh',
    ...readdirSync('scripts')
      .filter((name) => name.endsWith('.sh'))
      .map((name) => join('scripts', name)),
  ])('%s is valid bash', (file) => {
    execFileSync('bash', ['-n', file]);
  });
});
