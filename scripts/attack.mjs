// `node scripts/attack.mjs --model RUN --image FILE [--slow 1000] [--honest 4] [--seconds 120]`: how a server stands
// slow clients. Starts it on a free port of loopback, first with honest clients alone for a tenth of the time, then
// beside slow ones of every kind, each of which comes back when it is cut off. Prints how honest clients fared; exits
// with 1 if one of their frames was not predicted. It attacks the server that it started, and no other.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { startServer } from './served.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    image: { type: 'string' },
    slow: { type: 'string', default: '1000' },
    honest: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '120' },
  },
});
const { model, image } = values;
const within = (text, most) => Math.max(1, Math.min(most, Math.trunc(Number(text)) || 1));
const [slow, honest, seconds] = [within(values.slow, 4000), within(values.honest, 64), within(values.seconds, 600)];
if (!model || !image) {
  console.error('usage: npm run attack -- --model RUN --image FILE [--slow 1000] [--honest 4] [--seconds 120]');
  process.exit(1);
}

/**
 * Milliseconds between the bytes of a trickle, before a slow client comes back, and between the frames of an honest
 * one.
 */
const [TRICKLE, RETURN, PAUSE] = [1000, 200, 250];
const UPLOAD = 'POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\n';

/** What slow clients send at first, whether they go on byte by byte, and whether they read answers. */
const KINDS = [
  { name: 'silent', first: '', trickles: false, reads: true },
  { name: 'slow headers', first: 'GET /healthz HTTP/1.1\r\nCookie: ', trickles: true, reads: true },
  { name: 'stalled upload', first: `${UPLOAD}abc`, trickles: false, reads: true },
  { name: 'trickled upload', first: UPLOAD, trickles: true, reads: true },
  {
    name: 'idle after an answer',
    first: 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    trickles: false,
    reads: true,
  },
  {
    name: 'deaf to its answer',
    first: 'GET /v1/model/weights HTTP/1.1\r\nHost: localhost\r\n\r\n',
    trickles: false,
    reads: false,
  },
];

const server = await startServer(model);
const { hostname, port } = new URL(server.url);
const body = readFileSync(image);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const open = new Set();
const connections = new Map(KINDS.map(({ name }) => [name, 0]));

async function beSlow({ name, first, trickles, reads }, end) {
  while (performance.now() < end) {
    connections.set(name, connections.get(name) + 1);
    await new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      open.add(socket);
      if (reads) socket.resume();
      socket.write(first);
      const trickle = trickles ? setInterval(() => socket.write('x'), TRICKLE) : undefined;
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(trickle);
        open.delete(socket);
        resolve();
      });
    });
    await pause(RETURN);
  }
}

async function beHonest(end, answers) {
  while (performance.now() < end) {
    const began = performance.now();
    const outcome = await fetch(`${server.url}/v1/predict`, { method: 'POST', body })
      .then(async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      })
      .catch((error) => error.cause?.code ?? error.name);
    answers.push({ outcome, took: performance.now() - began });
    await pause(PAUSE);
  }
}

async function frames(duration) {
  const answers = [];
  const end = performance.now() + 1000 * duration;
  await Promise.all(Array.from({ length: honest }, () => beHonest(end, answers)));
  return answers;
}

function report(title, answers) {
  const times = answers.map(({ took }) => took).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)].toFixed(0);
  const counts = new Map();
  for (const { outcome } of answers) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const outcomes = [...counts].map(([outcome, count]) => `${count} × ${outcome}`);
  console.log(
    `${title}: ${outcomes.join(', ')}; median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, longest ${at(1)} ms`,
  );
}

report(`${honest} honest clients alone`, await frames(seconds / 10));
const end = performance.now() + 1000 * seconds;
const slowOnes = Array.from({ length: slow }, (_, i) => beSlow(KINDS[i % KINDS.length], end));
let mostMemory = 0;
const sampling = setInterval(() => {
  mostMemory = Math.max(mostMemory, server.memory());
}, 1000);
const answers = await frames(seconds);
clearInterval(sampling);
for (const socket of open) socket.destroy();
await Promise.all(slowOnes);
const health = await (await fetch(`${server.url}/healthz`)).json();
server.stop();

report(`beside ${slow} slow ones for ${seconds} s`, answers);
console.log(`connections of the slow ones: ${[...connections].map(([name, count]) => `${count} ${name}`).join(', ')}`);
console.log(
  `server: at most ${mostMemory} MiB; afterwards ${health.uploads} uploads, ${health.waiting} frames waiting`,
);
if (answers.some(({ outcome }) => outcome !== 200)) process.exitCode = 1;
