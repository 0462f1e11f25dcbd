export { type AugmentationSheet, renderAugmentationSheet, type SheetCell } from './augmentation-sheet.js';
export { renderContactSheet } from './contact-sheet.js';
export { OverlayError } from './errors.js';
export { type OverlayOptions, renderOverlay } from './overlay.js';
