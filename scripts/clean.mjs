// Removes what earlier builds left in dist/, so that the tarball holds nothing whose source is gone.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
