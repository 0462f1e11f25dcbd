/** Values of an address's parameters, which come as text; in the document they are what the text means. */
import { z } from 'zod';

export const flag = (schema: z.ZodType<boolean>) =>
  z.preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), schema);
