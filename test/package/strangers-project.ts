import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const EXAMPLES = ['spiral', 'cumulative-sum', 'landmarks-in-the-page'] as const;

export interface Packed {
  /** The tarball. */
  readonly file: string;
  /** Of the tarball, compressed. */
  readonly bytes: number;
  /** Paths of what is in it. */
  readonly contents: readonly string[];
}

/** A folder outside of the repository, in which the examples have been installed with the packed tarball. */
export interface StrangersProject {
  readonly folder: string;
  readonly packed: Packed;
  /** Runs a program in one of its folders. @returns What it printed @throws Error with that, where it fails */
  run(inside: string, program: string, args: readonly string[], env?: Record<string, string>): Promise<string>;
  remove(): Promise<void>;
}

/** Packages that are not the examples' own: bundlers that the package is tried with,. */
const BESIDES = { esbuild: '0.28.2', webpack: '5.113.0', rolldown: '1.3.2' };

/** Packs the package, and installs it with the examples as one workspace, so that packages are fetched once. */
export async function createStrangersProject(): Promise<StrangersProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'sonde-package-')));
  const run: StrangersProject['run'] = async (inside, program, args, env = {}) => {
    const outcome = await promisify(execFile)(program, args, {
      cwd: join(folder, inside),
      // What npm tells the scripts it runs would make another npm work on this repository.
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV$)/.test(name))),
        ...env,
      },
      maxBuffer: 1 << 26,
    }).catch((cause) => {
      throw new Error(`${program} ${args.join(' ')} in ${inside}:\n${cause.stdout}\n${cause.stderr}`, { cause });
    });
    return outcome.stdout;
  };
  const pack = await promisify(execFile)('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    maxBuffer: 1 << 26,
  });
  // What its build prints stands before.
  const [description] = JSON.parse(pack.stdout.slice(pack.stdout.search(/^\[$/m)));
  const file = join(folder, description.filename);
  for (const example of EXAMPLES) {
    const leftOut = /\/(node_modules|dist|public\/model\/.*)$/;
    await cp(join(root, 'examples', example), join(folder, example), {
      recursive: true,
      filter: (path) => !leftOut.test(path.replaceAll('\\', '/')),
    });
    const manifest = join(folder, example, 'package.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('file:../..', `file:${file}`));
  }
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', workspaces: EXAMPLES, devDependencies: BESIDES }),
  );
  await run('.', 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']);
  return {
    folder,
    packed: {
      file,
      bytes: description.size,
      contents: description.files.map(({ path }: { path: string }) => path),
    },
    run,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
