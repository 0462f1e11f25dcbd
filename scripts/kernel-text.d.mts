export function kernelText(wgsl: string, path: string): string;
export const kernelModules: {
  readonly name: string;
  readonly enforce: 'pre';
  load(id: string): { code: string; moduleType: 'js' } | null;
};
