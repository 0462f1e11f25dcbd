import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one plain line of real counts, "N passed, N failed, N skipped", for machines to read. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') count[state] += 1;
        else count.skipped += 1;
      }
      // A file that fails to load holds no tests, yet is a failure.
      if (module.errors().length > 0) count.failed += 1;
    }
    // Written when the process is about to leave, so that it stands after the default reporter's summary.
    process.once('exit', () => {
      console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  }
}
