import { useState } from 'preact/hooks';

interface ExportsProps {
  /** Number of confirmed frames. */
  readonly confirmed: number;
  /** Creates a file of the given kind and downloads it. */
  onExport(kind: ExportKind): Promise<void>;
}

export type ExportKind = 'png' | 'svg' | 'json' | 'slicer' | 'csv' | 'zip';

const OF_FRAME: readonly [ExportKind, string, string][] = [
  ['png', 'PNG', 'Picture of this frame with its landmarks and angle'],
  ['svg', 'SVG', 'The same picture, editable'],
  ['slicer', 'Slicer', 'Markups of this frame for 3D Slicer (.mrk.json)'],
];
const OF_QUEUE: readonly [ExportKind, string, string][] = [
  ['json', 'JSON', 'All frames with predictions, corrections and times'],
];
const OF_CONFIRMED: readonly [ExportKind, string, string][] = [
  ['csv', 'CSV', 'Accepted frames as rows of a training set’s label.csv'],
  ['zip', 'Training set', 'Accepted frames as pictures with their label.csv, in one ZIP file'],
];

/** Export menu. */
export function Exports({ confirmed, onExport }: ExportsProps) {
  const [busy, setBusy] = useState<ExportKind>();
  const [problem, setProblem] = useState<string>();
  const run = async (kind: ExportKind) => {
    setBusy(kind);
    setProblem(undefined);
    try {
      await onExport(kind);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(undefined);
  };
  const button = ([kind, label, title]: readonly [ExportKind, string, string], disabled = false) => (
    <button key={kind} type="button" title={title} disabled={disabled || busy !== undefined} onClick={() => run(kind)}>
      {label}
    </button>
  );
  return (
    <section class="exports" aria-label="Export">
      <h2>Take along</h2>
      <div class="row">{[...OF_FRAME, ...OF_QUEUE].map((one) => button(one))}</div>
      <div class="row">{OF_CONFIRMED.map((one) => button(one, confirmed === 0))}</div>
      <p class="quiet">
        {confirmed === 0 ? 'Accepted frames become training data.' : `Training data: ${frames(confirmed)} accepted.`}
      </p>
      {problem && (
        <p class="warning" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function frames(count: number): string {
  return count === 1 ? '1 frame' : `${count} frames`;
}
