export { cropFrame } from './crop.js';
export { decodeFrame, type ImageFormat, imageFormat, isUsualExtension, openImage } from './decode.js';
export { dicomDevice } from './dicom-device.js';
export { encodeGreyJpeg, encodeGreyPng, type GreyImage } from './encode.js';
export { ImageError, ImageTooLargeError, UnsupportedImageError } from './errors.js';
export type { Frame, Region } from './frame.js';
export type { FileBeside, ImageFile } from './image-file.js';
