import type { DataSet, Element } from 'dicom-parser';
import { ImageError } from './errors.js';

/** The data set that holds the attributes of a functional group macro, named by its sequence, for one frame. */
export type FrameAttributes = (macro: string) => DataSet;

/**
 * Where the attributes of a frame stand. Enhanced multi-frame objects keep them in functional groups (PS3.3, C.7.6.16):
 * those of the frame (5200,9230) come before those shared by all frames (5200,9229), and these before the image's own
 * attributes, which is where every other object has them. A macro counts as a whole: nothing of it is taken from two
 * places.
 *
 * @param index from 0
 * @throws ImageError where there are groups per frame and none for this one
 */
export function frameAttributes(dataSet: DataSet, index: number, name: string): FrameAttributes {
  const shared = itemsOf(dataSet.elements.x52009229)[0];
  const perFrame = itemsOf(dataSet.elements.x52009230);
  if (perFrame.length > 0 && index >= perFrame.length) {
    throw new ImageError(
      `${name}: frame ${index + 1} has no functional group (5200,9230), of which there are ${perFrame.length}; ` +
        'the file is damaged, export it again.',
    );
  }
  const groups = [perFrame[index], shared].filter((group) => group !== undefined);
  return (macro) => {
    for (const group of groups) {
      const item = itemsOf(group.elements[macro])[0];
      if (item) return item;
    }
    return dataSet;
  };
}

function itemsOf(element: Element | undefined): DataSet[] {
  return (element?.items ?? []).map(({ dataSet }) => dataSet).filter((item) => item !== undefined);
}
