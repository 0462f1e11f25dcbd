import type { Command } from 'commander';
import { type Device, openDevice, SondeError } from '../../index.js';

/** Parses the arguments and runs the command. Errors made for people are printed as their sentence; exit code 1. */
export async function run(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof SondeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Runs `body` with an open device and closes it, whatever happens. */
export async function withDevice<T>(options: { checked?: boolean }, body: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice(options);
  try {
    return await body(device);
  } finally {
    device.close();
  }
}
