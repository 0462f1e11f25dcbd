export interface BundleSize {
  readonly entry: 'engine' | 'model';
  /** The entry first, then what it imports. */
  readonly files: readonly string[];
  readonly bytes: number;
  readonly gzip: number;
  readonly brotli: number;
}

export const BUDGETS: Readonly<Record<BundleSize['entry'], number>>;
export function buildBrowserBundles(folder: string): Promise<BundleSize[]>;
