export function bundleInspect(modules: string[], dir: string, root?: string): Promise<void>;
