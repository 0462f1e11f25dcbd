import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly [string, string][] = [
  ['Tab', 'next landmark'],
  ['Arrow keys', 'move the landmark by 1 pixel; with Shift 10, with Alt 0.1'],
  ['Ctrl Z, Ctrl Shift Z', 'undo, redo'],
  ['R', 'reset to the prediction'],
  ['A', 'accept, and go to the next open frame'],
  ['[ and ]', 'previous and next file'],
  [', and .', 'previous and next frame of a file'],
  ['H', 'hide or show landmarks and heatmaps'],
];

/** Help dialog. */
export function Help({ open, onClose }: { open: boolean; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">How it works</h2>
      <p>
        Drop, paste or choose frames: PNG, JPEG, DICOM or MetaImage, one or many. Drag a landmark to correct it; the
        angle follows. Accept frames that are correct: accepted frames can be saved as training data.
      </p>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">
        Nothing is stored: frames, landmarks and file names are discarded when this page is closed. If the model runs on
        the server, a picture of each frame is sent there, without the name or any other field of its file.
      </p>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
