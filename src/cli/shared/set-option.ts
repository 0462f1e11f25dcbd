import { Option } from 'commander';

/** `--set training.epochs=3`, as often as wanted. */
export function setOption(): Option {
  return new Option('--set <setting=value>', 'override a setting of the configuration; repeatable')
    .argParser((assignment: string, before: readonly string[]) => [...before, assignment])
    .default([], 'none');
}
