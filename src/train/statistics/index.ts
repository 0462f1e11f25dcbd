export { type BlandAltman, blandAltmanSchema, type IntraclassCorrelation, iccSchema } from './schema.js';
