// `node scripts/load.mjs --model RUN [--clients 200] [--seconds 60] [--image FILE]`: how a server stands many clients
// at a time. Starts it on a free port, lets every client send one image after another, and prints answers by status,
// latency, and the server's memory over the time.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { startServer } from './served.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    image: { type: 'string' },
    clients: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
  },
});
const { model, image } = values;
if (!model || !image) {
  console.error('usage: npm run load -- --model RUN --image FILE [--clients 200] [--seconds 60]');
  process.exit(1);
}

const server = await startServer(model);
const { url } = server;
const samples = [];
const sampling = setInterval(() => samples.push(server.memory()), 5000);

const result = await autocannon({
  url: `${url}/v1/predict`,
  method: 'POST',
  headers: { 'content-type': 'application/octet-stream' },
  body: readFileSync(image),
  connections: Number(values.clients),
  duration: Number(values.seconds),
  timeout: 60,
});
clearInterval(sampling);
const health = await (await fetch(`${url}/healthz`)).json();
server.stop();

const statuses = Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => `${count} × ${status}`);
console.log(`${values.clients} clients for ${result.duration} s on ${health.adapter}`);
console.log(`answers   ${statuses.join(', ')}; ${(result['2xx'] / result.duration).toFixed(1)} predictions a second`);
console.log(`errors    ${result.errors} of connections, ${result.timeouts} timeouts`);
console.log(`latency   p50 ${result.latency.p50} ms, p97.5 ${result.latency.p97_5} ms, p99 ${result.latency.p99} ms`);
console.log(`memory    ${samples.join(', ')} MiB, every 5 s`);
