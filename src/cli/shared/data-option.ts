import { InvalidArgumentError, Option } from 'commander';
import { SondeError } from '../../engine/errors.js';
import { type DataSource, parseDataSource } from '../../train/dataset/sources.js';

/** `--data iugc --data corrected=3`. */
export function dataOption(): Option {
  const description =
    'data set in the IUGC 2025 layout (npm run phantoms writes one), or what the page has saved; repeatable, with how often an epoch ' +
    'takes its frames after an equals sign, as in corrected=3';
  return new Option('--data <folder[=weight]>', description).argParser(
    (text: string, before: readonly DataSource[] = []): readonly DataSource[] => {
      try {
        return [...before, parseDataSource(text)];
      } catch (error) {
        if (error instanceof SondeError) throw new InvalidArgumentError(error.message);
        throw error;
      }
    },
  );
}
