import type { Page } from 'playwright';

export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Drops files on the page of the web tool, as from a folder's window. */
export async function dropFiles(page: Page, files: readonly Upload[]): Promise<void> {
  const encoded = files.map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((dropped) => {
    const transfer = new DataTransfer();
    for (const { name, text } of dropped) {
      transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
    }
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, encoded);
}
