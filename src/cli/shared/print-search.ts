import { percent } from '../../train/metrics/percent.js';
import { describeScore, type SearchSummary } from '../../train/search/index.js';

/** What a search has found, and what it went by. */
export function printSearch({ objective, trials, best, importance }: SearchSummary, file: string): void {
  const count = (wanted: string) => trials.filter(({ state }) => state === wanted).length;
  const counts = ['complete', 'pruned', 'failed', 'running', 'waiting'].map((state) => ({ state, n: count(state) }));
  const states = counts.filter(({ n }) => n > 0).map(({ state, n }) => `${n} ${state}`);
  console.log(`${trials.length} trials: ${states.join(', ')}`);
  const leader = trials.find(({ number }) => number === best);
  if (leader === undefined) {
    console.log('no trial has completed, so there is no best one');
    return;
  }
  console.log(`best: trial ${leader.number}, validation ${describeScore(objective, Number(leader.value))}`);
  const width = Math.max(...Object.keys(leader.parameters).map((name) => name.length));
  for (const [name, value] of Object.entries(leader.parameters)) {
    const share = importance?.[name];
    const explains = share === undefined ? '' : `   importance ${percent(share, 0)}`;
    console.log(`  ${name.padEnd(width)}  ${String(value).padEnd(22)}${explains}`);
  }
  console.log(`to train with it: npm run train -- --config ${file}`);
}
