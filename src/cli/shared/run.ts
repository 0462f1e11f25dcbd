import type { Command } from 'commander';
import { SondeError } from '../../engine/errors.js';
import { Interrupted } from './interrupt.js';

/**
 * Parses the arguments and runs the command. Errors made for people are printed as their sentence, with exit code 1; an
 * interrupted command says so and exits as shells expect.
 */
export async function run(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error(`${program.name()}: ${error.sentence}`);
      process.exitCode = error.exitCode;
      return;
    }
    const sentence = sentenceOf(error);
    if (sentence === undefined) throw error;
    console.error(sentence);
    process.exitCode = 1;
  }
}

function sentenceOf(error: unknown): string | undefined {
  if (error instanceof SondeError) return error.message;
  // What the operating system refused, such as "EACCES: permission denied, mkdir '/data/run'".
  if (error instanceof Error && 'syscall' in error) {
    return `${error.message}; check the path, its permissions and the space there.`;
  }
  return undefined;
}
