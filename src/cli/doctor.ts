import { Command } from 'commander';
import { withDevice } from './shared/device.js';
import { run } from './shared/run.js';

const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const;

const program = new Command('doctor')
  .description('Shows the WebGPU adapter that sonde uses, or what to do if there is none.')
  .option('--json', 'print JSON')
  .action(async ({ json }: { json?: boolean }) => {
    await withDevice({}, async ({ info, limits }) => {
      const shown = Object.fromEntries(SHOWN_LIMITS.map((name) => [name, limits[name]]));
      const driver = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? null;
      if (json) {
        console.log(JSON.stringify({ ...info, limits: shown, driver, node: process.version }, null, 2));
        return;
      }
      const kind = info.software ? 'software, runs on CPU cores' : 'GPU';
      console.log(
        [
          `adapter   ${info.description} (${kind})`,
          `vendor    ${[info.vendor, info.architecture].filter((part) => part !== '').join(', ')}`,
          `driver    ${driver ?? "the system's own (neither VK_DRIVER_FILES nor VK_ICD_FILENAMES is set)"}`,
          `features  ${['timestamp-query', 'shader-f16', 'subgroups'].map((name) => `${name}: ${info.features.includes(name) ? 'yes' : 'no'}`).join(', ')}`,
          ...Object.entries(shown).map(
            ([name, value], i) => `${i === 0 ? 'limits    ' : '          '}${name} ${value}`,
          ),
          `node      ${process.version}`,
        ].join('\n'),
      );
    });
  });

await run(program);
