/** Types of URL parameters, which arrive as text; the document shows the types they are parsed to. */
import { z } from 'zod';

export const flag = (schema: z.ZodType<boolean>) =>
  z.preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), schema);
