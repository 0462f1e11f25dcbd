import { type Device, openDevice } from '../../src/index.js';

// Test files run in one process and share these, and with them every compiled pipeline.
let plain: Promise<Device> | undefined;
let checked: Promise<Device> | undefined;

/** The device that all tests share. */
export function sharedDevice(): Promise<Device> {
  plain ??= openDevice({ tuning: 'none' });
  return plain;
}

/** A second one in checked mode: guards behind every value, and a scan for NaN and Inf. */
export function checkedDevice(): Promise<Device> {
  checked ??= openDevice({ checked: true, tuning: 'none' });
  return checked;
}
