// Preloaded (`node --import`) into a command: SONDE_KILL_AT=N kills the process with SIGKILL at its Nth operation on
// files, on even N as soon as that is under way. At its end, a process writes to standard error how many there were.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env.SONDE_KILL_AT ?? 0);
let count = 0;

function counted(call) {
  return function (...args) {
    count += 1;
    if (count === at && at % 2 === 1) process.kill(process.pid, 'SIGKILL');
    const result = call.apply(this, args);
    if (count === at) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

for (const name of ['open', 'rename', 'writeFile', 'appendFile', 'rm', 'unlink', 'truncate', 'mkdir', 'link']) {
  fs.promises[name] = counted(fs.promises[name]);
}
// What is written to an open file.
const probe = await fs.promises.open(process.execPath, 'r');
const handle = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ['write', 'writeFile', 'appendFile', 'sync', 'truncate']) handle[name] = counted(handle[name]);
syncBuiltinESMExports();
count = 0;

process.on('exit', () => fs.writeSync(2, `file operations: ${count}\n`));
