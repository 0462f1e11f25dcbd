import { imageFormat } from './decode.js';
import { parseDataSet } from './dicom.js';

/**
 * Manufacturer (0008,0070) and model name (0008,1090) of the machine that a DICOM file is from, as in "GE Voluson
 * E10". No other field is read, and decoding an image reads neither.
 *
 * @returns undefined for a file that does not say, is damaged or is no DICOM
 */
export function dicomDevice(bytes: Uint8Array, name: string): string | undefined {
  if (imageFormat(bytes) !== 'DICOM') return undefined;
  try {
    const { dataSet } = parseDataSet(bytes, name);
    const [manufacturer = '', model = ''] = ['x00080070', 'x00081090'].map((tag) => dataSet.string(tag)?.trim());
    // Many models begin with the name of who makes them.
    const repeated = model.toLowerCase().startsWith(manufacturer.toLowerCase());
    return (repeated ? model : `${manufacturer} ${model}`).trim() || undefined;
  } catch {
    // Whether its pixels can be read is for who decodes them.
    return undefined;
  }
}
