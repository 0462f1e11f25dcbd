/** What is there before any frame is. */
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
      <p class="quiet">PNG, JPEG, DICOM with one frame or many, MetaImage. Folders too.</p>
    </section>
  );
}
