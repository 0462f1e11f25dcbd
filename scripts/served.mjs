import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import './build.mjs';

/**
 * Starts the built server for a run on a free port of loopback.
 *
 * @param {string} model Folder of the run
 * @returns {Promise<{ url: string, memory: () => number, stop: () => void }>} `memory` in MiB, on Linux only
 */
export async function startServer(model) {
  const args = ['dist/cli/serve.js', '--model', model, '--port', '0', '--quiet'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve, reject) => {
    server.stdout.on('data', (line) => {
      const found = /http:\S+/.exec(String(line));
      if (found) resolve(found[0]);
    });
    server.on('exit', () => reject(new Error('the server did not start')));
  });
  return {
    url,
    memory: () =>
      Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024),
    stop: () => server.kill(),
  };
}
