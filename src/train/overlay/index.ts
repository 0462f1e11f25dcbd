export { renderContactSheet } from './contact-sheet.js';
export { OverlayError } from './errors.js';
export { type FrameSheet, renderFrameSheet, type SheetCell } from './frame-sheet.js';
export { type OverlayOptions, renderOverlay } from './overlay.js';
