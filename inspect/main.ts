import { Command, CommanderError } from 'commander';
import { InspectError } from './inspect-error.js';
import { type InspectOptions, runInspect } from './run-inspect.js';

const program = new Command('inspect')
  .description(
    "What kernels become on GPUs that are not there: registers, spills, occupancy and the hottest loop's machine code.",
  )
  .option(
    '--gpu <names>',
    'turing, ampere, navi10, navi21, navi31, gfx1201, m1, adreno, several with commas, or all',
    'all',
  )
  .option('--config <file>', 'kernels of a training configuration (default: configs/paper.json)')
  .option('--op <name>', 'kernels of one operation, forward and backward, on inputs of --shape')
  .option('--shape <shapes>', 'as in 8x64x64x64,128x3x3x64')
  .option('--options <json>', 'options of the operation, as in {"stride":2}')
  .option('--precision <names>', 'f32, mixed, or both with a comma', 'f32,mixed')
  .option('--wgsl <file>', 'the compute entry points of a WGSL file')
  .option('--asm <kernel>', "print the hottest loop's machine code of the kernels of this name")
  .option('--against <before>', 'what changed since a commit, or since a file that --json wrote')
  .option(
    '--predict <chips>',
    'time of a training step on rtx-4090, h200, rx-7900-xtx, m1, adreno-740, several with commas, or all',
  )
  .option('--json', 'everything, machine code included')
  .option('--check-budget', 'compare with inspect/budget.json the kernels that CI watches')
  .option('--update-budget', 'write inspect/budget.json anew')
  .exitOverride()
  .action((options: InspectOptions) => runInspect(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof InspectError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else throw error;
}
