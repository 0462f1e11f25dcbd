import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** To what scores and predictions belong. */
export const provenanceSchema = z.object({
  /** SHA-256 of the weights file; of an ensemble, over those of its members. */
  weights: sha256,
  /** SHA-256 over the frames and their labels. */
  data: sha256,
});
export type Provenance = z.output<typeof provenanceSchema>;
