import { InvalidArgumentError, Option } from 'commander';
import { FLIPS, type Flip } from '../../train/flip.js';

/** `--tta horizontal`, `--tta horizontal,vertical`. */
export function flipOption(): Option {
  const description = 'average with predictions of mirrored views: horizontal, vertical, or horizontal,vertical';
  return new Option('--tta <flips>', description).argParser((text: string): readonly Flip[] =>
    text.split(',').map((name) => {
      const flip = FLIPS.find((one) => one === name.trim());
      if (!flip) throw new InvalidArgumentError(`There is no flip ${name}; choose among ${FLIPS.join(', ')}.`);
      return flip;
    }),
  );
}
