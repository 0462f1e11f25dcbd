import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const LOCKED = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sonde-apt-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * What `apt update` of scripts/apt.sh does where apt-get fails `failures` times with `message`, and how often it was
 * asked.
 */
function update(failures: number, message: string, patience = 600): { status: number | null; asked: string[] } {
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  for (const [name, body] of Object.entries({
    'apt-get': `echo "$@" >> ${calls}; if (( $(wc -l < ${calls}) <= ${failures} )); then echo '${message}' >&2; exit 100; fi`,
    // Nobody waits here.
    sleep: '',
    sudo: '"$@"',
  })) {
    writeFileSync(join(folder, name), `#!/usr/bin/env bash\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const { status } = spawnSync('bash', ['-c', 'source scripts/apt.sh; apt update'], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, SONDE_APT_PATIENCE: String(patience) },
  });
  return { status, asked: readFileSync(calls, 'utf8').trimEnd().split('\n') };
}

describe.skipIf(process.platform !== 'linux')('apt', () => {
  test('asks again while another process holds a lock, and waits for that of dpkg', () => {
    const { status, asked } = update(3, LOCKED);
    expect(status).toBe(0);
    expect(asked).toHaveLength(4);
    expect(asked[0]).toBe('--quiet --yes -o DPkg::Lock::Timeout=600 update');
  });

  test('gives up after its patience', () => {
    const { status, asked } = update(3, LOCKED, 0);
    expect(status).toBe(100);
    expect(asked).toHaveLength(1);
  });

  test('reports another fault at once', () => {
    const { status, asked } = update(3, 'E: Unable to locate package');
    expect(status).toBe(100);
    expect(asked).toHaveLength(1);
  });
});
