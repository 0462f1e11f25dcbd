import { parseHTML } from 'linkedom';
import type { Report } from '../../src/train/index.js';

export function documentOf({ html }: Pick<Report, 'html'>): Document {
  return parseHTML(html).document as unknown as Document;
}

export const words = (element: Element | null) => element?.textContent.replace(/\s+/g, ' ').trim() ?? '';

export function texts(root: { querySelectorAll(selector: string): Iterable<Element> }, selector: string): string[] {
  return [...root.querySelectorAll(selector)].map(words);
}

/** The cells of the table with this title, row by row; a value stands before its interval. */
export function tableOf(document: Document, title: string): string[][] {
  const found = [...document.querySelectorAll('figure.table')].find((each) =>
    words(each.querySelector('figcaption b')).includes(title),
  );
  if (!found) throw new Error(`There is no table ${title}.`);
  return [...found.querySelectorAll('tbody tr')].map((row) => texts(row, 'th, td'));
}

/** Of the sections, without their numbers. */
export const headings = (document: Document) =>
  texts(document, 'section > h2').map((text) => text.replace(/^\d+\s/, ''));
