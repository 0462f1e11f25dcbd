import { canResume } from '../../train/loop/index.js';

/** What a training run that was stopped leaves behind, and what to do with it. */
export function trainingRemains(folder: string): () => string {
  return () => (canResume(folder) ? `resume with npm run train -- --resume ${folder}` : 'nothing was written');
}
