// One of several processes that work on a study: `node study-worker.mjs FILE WORKERS LIMIT`. Prints a line for each
// trial that the study has accepted as complete, so that a test knows what must be in the file whatever happens to this
// process.
import { NoPruner } from '../../../dist/train/search/pruner.js';
import { RandomSampler } from '../../../dist/train/search/sampler.js';
import { Study } from '../../../dist/train/search/study.js';
import { Workers } from '../../../dist/train/search/workers.js';

const [path, folder, limit] = process.argv.slice(2);
const workers = new Workers(folder);
const study = await Study.open({
  path,
  name: 'search',
  distributions: { x: { type: 'float', low: 0, high: 1, log: false, step: null } },
  conditions: {},
  sampler: new RandomSampler(),
  pruner: new NoPruner(),
  seed: 1,
  isDead: (id) => workers.isDead(id),
  // Long enough for a process that waits for its turn on a busy machine.
  gracePeriod: 3000,
});
const leave = await workers.join(study.workerId);
for (let trial = await study.ask(Number(limit)); trial; trial = await study.ask(Number(limit))) {
  for (let step = 1; step <= 3; step++) await study.report(trial, step, trial.internals.x + step);
  if (await study.complete(trial, trial.internals.x)) process.stdout.write(`${trial.number}\n`);
}
await leave({ idle: true });
