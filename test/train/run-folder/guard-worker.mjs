// `node guard-worker.mjs FOLDER hold`: takes the guard of a folder, says "held", and keeps it until it is killed. `node
// guard-worker.mjs FOLDER COUNT`: takes it so many times, trying until it has it, and dies where another one is inside.
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withGuard } from '../../../dist/train/run-folder/guard.js';

const [folder, times] = process.argv.slice(2);
if (times === 'hold') {
  await withGuard(folder, { doing: 'training', create: true }, async () => {
    console.log('held');
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  });
}
for (let done = 0; done < Number(times); ) {
  try {
    await withGuard(folder, { doing: 'counting', create: true }, async () => {
      // Fails where it is there.
      await mkdir(join(folder, '..', 'inside'));
      await rmdir(join(folder, '..', 'inside'));
    });
    done += 1;
  } catch (error) {
    if (error.name !== 'RunFolderError') throw error;
  }
}
