import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Claim, claim, readHolder, removeStale } from '../../../src/train/cross-validation/claim.js';
import { CrossValidationError } from '../../../src/train/index.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../dataset/temporary.js';

const lock = async () => join(await temporaryFolder(), 'fold-1.lock');
const contents = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
/** In one step, as locks are written: a holder may look at any moment. */
const edit = async (path: string, change: object) => {
  await writeFile(`${path}.new`, JSON.stringify({ ...(await contents(path)), ...change }));
  await rename(`${path}.new`, path);
};
/** As if the file had not been touched for so many seconds. */
const age = (path: string, seconds: number) => utimes(path, new Date(), new Date(Date.now() - 1000 * seconds));

async function taken(path: string): Promise<Claim> {
  const result = await claim(path, 'adapter');
  if (!(result instanceof Claim)) throw new Error(`held by ${JSON.stringify(result)}`);
  return result;
}

/** The number of a process that has ended. */
const deadProcess = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('claim', () => {
  test('names who has it, and lets another have it once it is released', async () => {
    const path = await lock();
    const first = await taken(path);
    expect(await claim(path, 'other')).toMatchObject({ pid: process.pid, host: hostname(), adapter: 'adapter' });
    await first.release();
    expect(existsSync(path)).toBe(false);
    await (await taken(path)).release();
  });

  test('one of many gets it, and all others are told of that one', async () => {
    const path = await lock();
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => claim(path, `adapter ${i}`)));
    const [winner, ...others] = results.filter((result) => result instanceof Claim);
    expect(others).toEqual([]);
    const adapter = `adapter ${results.indexOf(winner)}`;
    for (const result of results) if (!(result instanceof Claim)) expect(result.adapter).toBe(adapter);
    await winner.release();
  });

  test('a lock of a process that ended is taken over at once, by one of many', async () => {
    const path = await lock();
    const old = await taken(path);
    await edit(path, { pid: deadProcess() });
    const results = await Promise.all(Array.from({ length: 20 }, () => claim(path, 'next')));
    const claims = results.filter((result) => result instanceof Claim);
    // Those who come while another is taking over find it held.
    expect(claims).toHaveLength(1);
    await claims[0].check();
    await expect(old.check()).rejects.toBeInstanceOf(CrossValidationError);
    await old.release();
    await claims[0].check();
    await claims[0].release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  test('a lock of elsewhere is taken over after two minutes without a sign of life, however long ago it was taken', async () => {
    const path = await lock();
    await (await taken(path)).release();
    const elsewhere = {
      pid: deadProcess(),
      host: 'far',
      processes: 'far boot',
      since: '2020-01-01',
      adapter: 'x',
      token: 't',
    };
    await writeFile(path, JSON.stringify(elsewhere));
    expect(await claim(path, 'next')).toEqual(elsewhere);
    await age(path, 60);
    expect(await claim(path, 'next')).toEqual(elsewhere);
    await age(path, 121);
    await (await taken(path)).release();
  });

  test('the holder shows that it is alive, and learns when it has lost the lock', async () => {
    const path = await lock();
    const own = await claim(path, 'adapter', { beat: 20, patience: 1000 });
    if (!(own instanceof Claim)) throw new Error('not claimed');
    const before = await readFile(path, 'utf8');
    await age(path, 100);
    await eventually(async () => expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(50_000));
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(own.signal.aborted).toBe(false);
    await edit(path, { token: 'another', pid: 4711, host: 'far' });
    await eventually(() => expect(own.signal.aborted).toBe(true));
    expect(() => own.signal.throwIfAborted()).toThrow(
      /fold-1\.lock is no longer this process's: process 4711 on far has taken it over/,
    );
    await own.release();
    expect((await contents(path)).token).toBe('another');
  });

  test('who is late to take over leaves the lock to whoever was first', async () => {
    const path = await lock();
    await taken(path);
    await edit(path, { pid: deadProcess() });
    const gone = await readHolder(path);
    if (!gone) throw new Error('no lock');
    const first = await taken(path);
    expect(await removeStale(path, gone)).toBe(true);
    await first.check();
    await first.release();
  });

  test('a takeover that was cut short does not last for ever', async () => {
    const path = await lock();
    await taken(path);
    await edit(path, { pid: deadProcess() });
    await writeFile(`${path}.takeover`, '');
    expect(await claim(path, 'next')).toMatchObject({ adapter: 'adapter' });
    await age(`${path}.takeover`, 130);
    expect(await claim(path, 'next')).toMatchObject({ adapter: 'adapter' });
    await (await taken(path)).release();
  });

  test('says so where the file is no lock', async () => {
    const path = await lock();
    await writeFile(path, 'mine');
    await expect(claim(path, 'next')).rejects.toThrow(/fold-1\.lock is no lock file; remove it, if nobody works there/);
    await rm(path);
  });
});
