export { renderContactSheet } from './contact-sheet.js';
export { OverlayError, type OverlayOptions, renderOverlay } from './overlay.js';
