import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The interpreter; another one may be named where the first has no PyTorch. */
const python = process.env.PYTHON ?? 'python3';

/** Whether Python has PyTorch and safetensors. */
export const hasPyTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch, safetensors.torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Added to the names of tests that are skipped for want of it. */
export const WITHOUT_PYTORCH = hasPyTorch ? '' : ' (skipped: python3 has no torch and safetensors)';

/** Runs a program that can import `sonde_networks` and prints JSON. */
export async function runPython<T>(program: string, ...args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL('../../tools/pytorch', import.meta.url));
  const env = { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' };
  const { stdout } = await promisify(execFile)(python, ['-c', program, ...args], { env });
  return JSON.parse(stdout) as T;
}
