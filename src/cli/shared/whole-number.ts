import { InvalidArgumentError } from 'commander';

/** Reads an option's value. @throws InvalidArgumentError, which commander prints with the option's name */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be an integer, 0 or greater.');
  return value;
}
