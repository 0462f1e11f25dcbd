import { useEffect, useState } from 'preact/hooks';
import { filesOfDrop, filesOfPaste } from '../files/input-files.js';

/**
 * Takes files that are dropped or pasted anywhere on the page.
 *
 * @returns Whether something is being dragged over the page
 */
export function useFileInput(onFiles: (files: File[]) => void): boolean {
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      setDragging(true);
    };
    const leave = (event: DragEvent) => {
      // Leaving for another element of the page names it; leaving the page names none.
      if (event.relatedTarget === null) setDragging(false);
    };
    const drop = (event: DragEvent) => {
      setDragging(false);
      if (!event.dataTransfer) return;
      event.preventDefault();
      void filesOfDrop(event.dataTransfer).then(onFiles);
    };
    const paste = (event: ClipboardEvent) => {
      const files = event.clipboardData ? filesOfPaste(event.clipboardData) : [];
      if (files.length === 0) return;
      event.preventDefault();
      onFiles(files);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    };
  }, []);
  return dragging;
}
