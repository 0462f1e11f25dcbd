import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, outcomeOf, start } from '../cli/command.js';
import { smallRun } from '../tool/server/small-run.js';

export interface ServedRun {
  readonly url: string;
  /** What the server says of an image: the same weights in Node. */
  predict(image: Uint8Array): Promise<{ landmarks: Record<'ps1' | 'ps2' | 'fh1', { x: number; y: number }> }>;
  stop(): Promise<void>;
}

/** The built web tool with a small run, as `npm run serve` starts it. */
export async function serveSmallRun(): Promise<ServedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'sonde-browser-'));
  const { config, weights } = await smallRun();
  await writeFile(join(folder, 'best.safetensors'), weights);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await build();
  const server = start('serve', ['--model', folder, '--port', '0', '--batch', '1', '--quiet']);
  const outcome = outcomeOf(server);
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout?.on('data', (line) => {
      const found = /http:\S+/.exec(String(line));
      if (found) resolve(found[0].replace('127.0.0.1', 'localhost'));
    });
    outcome.then(({ errors }) => reject(new Error(errors.join('\n'))));
  });
  return {
    url,
    async predict(image) {
      const answer = await fetch(`${url}/v1/predict`, { method: 'POST', body: Buffer.from(image) });
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()).frames[0];
    },
    async stop() {
      server.kill();
      await outcome;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
