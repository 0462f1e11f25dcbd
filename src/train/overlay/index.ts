export { renderContactSheet } from './contact-sheet.js';
export { type FrameSheet, renderFrameSheet, type SheetCell } from './frame-sheet.js';
export { OverlayError } from './marks.js';
export { type OverlayOptions, renderOverlay } from './overlay.js';
