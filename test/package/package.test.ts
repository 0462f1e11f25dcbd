import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executable } from '../browser/chromium.js';
import { comparePage } from './page.js';
import { createStrangersProject, root, type StrangersProject } from './strangers-project.js';

let project: StrangersProject;
beforeAll(async () => {
  project = await createStrangersProject();
});
afterAll(async () => {
  await project?.remove();
});

describe('the tarball', () => {
  test('holds the libraries, and neither tests nor commands nor the web tool', () => {
    const { contents, bytes } = project.packed;
    const top = new Set(contents.map((path) => path.split('/').slice(0, 2).join('/')));
    expect([...top].filter((path) => path.startsWith('dist/')).sort()).toEqual([
      'dist/browser',
      'dist/engine',
      'dist/images',
      'dist/index.d.ts',
      'dist/index.js',
      'dist/kernels',
      'dist/model',
      'dist/report',
      'dist/train',
    ]);
    expect([...top].filter((path) => !path.startsWith('dist/') && !path.startsWith('configs/')).sort()).toEqual([
      'LICENSE',
      'README.md',
      'package.json',
      'tools/pytorch',
    ]);
    expect(bytes).toBeLessThan(2.3e6);
  });

  test('holds nothing whose source is gone', () => {
    const modules = project.packed.contents.flatMap((path) => {
      const [, name] = /^dist\/(?!_virtual|browser)(.+?)(\.d\.ts|\.js)$/.exec(path) ?? [];
      return name === undefined ? [] : [name];
    });
    expect(modules.length).toBeGreaterThan(500);
    const sources = (name: string) => [name, `${name}.ts`, `${name}.tsx`, `${name}.wgsl`];
    expect(modules.filter((name) => !sources(name).some((path) => existsSync(join(root, 'src', path))))).toEqual([]);
  });

  test('says nothing of the machine that packed it', async () => {
    const installed = join(project.folder, 'node_modules/sonde');
    let read = 0;
    for (const path of project.packed.contents) {
      const text = await readFile(join(installed, path), 'latin1');
      expect(text.includes(root.slice(0, -1)), path).toBe(false);
      read += text.length;
    }
    expect(read).toBeGreaterThan(1e6);
  });

  test('has types that a strict project accepts, however it resolves modules', async () => {
    const text = ['engine', 'model', 'train'].map((name) => `export * as ${name} from 'sonde/${name}';`).join('\n');
    await writeFile(join(project.folder, 'everything.ts'), text);
    const tsc = join(project.folder, 'node_modules/.bin/tsc');
    const strict = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'];
    for (const [module, resolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const resolved = ['--module', module, '--moduleResolution', resolution];
      await project.run('.', tsc, [...strict, ...resolved, 'everything.ts']);
      // Their own resolution is checked where they are built.
      for (const example of module === 'nodenext' ? ['landmarks-in-the-page'] : ['spiral', 'cumulative-sum']) {
        await project.run(example, tsc, ['--noEmit', ...resolved]);
      }
    }
    // What is wrong is found.
    await writeFile(join(project.folder, 'wrong.ts'), "import { add } from 'sonde/engine'; add(1, 'two');");
    await expect(project.run('.', tsc, [...strict, '--module', 'nodenext', 'wrong.ts'])).rejects.toThrow(/TS2345/);
  });

  test('is bundled for browsers without a module of Node, by every bundler', async () => {
    await writeFile(
      join(project.folder, 'browser.js'),
      "import { openDevice } from 'sonde/engine';\nimport { DsntDeepUNet } from 'sonde/model';\nglobalThis.all = [openDevice, DsntDeepUNet];",
    );
    const esbuild = ['esbuild', 'browser.js', '--bundle', '--format=esm', '--minify', '--outfile=out-esbuild.js'];
    await project.run('.', 'npx', [...esbuild, '--log-level=warning', '--log-limit=0']);
    await project.run('.', 'npx', ['rolldown', 'browser.js', '--platform', 'browser', '-m', '-o', 'out-rolldown.js']);
    await writeFile(
      join(project.folder, 'webpack.mjs'),
      `import webpack from 'webpack';
       webpack({ mode: 'production', target: 'web', entry: './browser.js', output: { path: import.meta.dirname, filename: 'out-webpack.js' } }, (error, stats) => {
         const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
         const faults = [...errors, ...warnings.filter(({ message }) => !/size|lazy load/i.test(message))];
         if (error || faults.length > 0) { console.error(error, faults); process.exitCode = 1; }
       });`,
    );
    await project.run('.', process.execPath, ['webpack.mjs']);
    for (const bundler of ['esbuild', 'rolldown', 'webpack']) {
      const code = await readFile(join(project.folder, `out-${bundler}.js`), 'utf8');
      expect(code, bundler).toContain('this host offers no WebGPU');
      expect(code, bundler).not.toMatch(/(from|import|require)\s*\(?\s*["'](node:|fs|path|os|webgpu)/);
      expect(code.length, bundler).toBeLessThan(300_000);
      expect(code.length, bundler).toBeGreaterThan(50_000);
    }
  });
});

describe('the examples, with the tarball', () => {
  // Those of the driver itself, of GPUs, and of the least that a browser has.
  const PERSONAS = ['', 'm1', 'no-subgroups'];

  test.each(PERSONAS)('spiral learns to tell points that it has not seen, persona %j', async (SONDE_PERSONA) => {
    const output = await project.run('spiral', 'npm', ['start', '--silent'], { SONDE_PERSONA });
    expect(Number(/(\d+) of 200 unseen points right/.exec(output)?.[1])).toBeGreaterThanOrEqual(195);
  });

  test.each(PERSONAS)("cumulative-sum's own tests pass, and it fits a curve, persona %j", async (SONDE_PERSONA) => {
    const tests = await project.run('cumulative-sum', 'npm', ['test', '--silent'], { SONDE_PERSONA });
    expect(tests).toMatch(/(#|ℹ) pass 11\b/);
    expect(tests).toMatch(/(#|ℹ) fail 0\b/);
    const output = await project.run('cumulative-sum', 'npm', ['start', '--silent'], { SONDE_PERSONA });
    const [measured, fitted] = [...output.matchAll(/([\d.]+) from the truth, falls (\d+) times/g)].map(
      ([, error, falls]) => ({ error: Number(error), falls: Number(falls) }),
    );
    expect(measured.falls).toBeGreaterThan(20);
    expect(fitted.falls).toBe(0);
    expect(fitted.error).toBeLessThan(0.5 * measured.error);
  });

  describe.skipIf(!executable)('landmarks-in-the-page', () => {
    test('finds in Chromium the landmarks that Node finds, and says what is wrong where it cannot', async () => {
      await project.run('landmarks-in-the-page', 'npm', ['run', 'build', '--silent']);
      await comparePage(join(project.folder, 'landmarks-in-the-page'));
    });
  });
});
