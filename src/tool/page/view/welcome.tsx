/** Start screen, shown until a frame is added. */
export function Welcome({ onPick }: { onPick(): void }) {
  return (
    <section class="welcome">
      <h2>Drop a frame here</h2>
      <p>
        or paste it, or{' '}
        <button type="button" class="primary" onClick={onPick}>
          choose files
        </button>
      </p>
      <p class="quiet">PNG, JPEG, single-frame and multi-frame DICOM, MetaImage. Folders too.</p>
    </section>
  );
}
