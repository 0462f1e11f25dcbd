import { Option } from 'commander';

/** `--set training.epochs=3`, as often as wanted. */
export function setOption(): Option {
  return new Option(
    '--set <setting=value>',
    "use this instead of the configuration's value; may be given several times",
  )
    .argParser((assignment: string, before: readonly string[]) => [...before, assignment])
    .default([], 'none');
}
