import type { ComponentChildren } from 'preact';
import { LANDMARK_NAMES, type Landmarks } from '../../../model/landmarks.js';
import { COLORS } from '../../../train/overlay/marks.js';
import {
  type Annotation,
  angleOf,
  decisionOf,
  distance,
  isCorrected,
  landmarksOf,
  measurementsOf,
  redoChange,
  resetToPrediction,
  undoChange,
  warningsAbout,
} from '../annotate/annotation.js';
import { degrees } from './format.js';
import { LANDMARK_TITLES } from './landmark-titles.js';

interface PanelProps {
  readonly annotation: Annotation;
  readonly heat: number;
  onHeat(strength: number): void;
  onEdit(change: (annotation: Annotation) => Annotation): void;
  onAccept(): void;
  readonly children: ComponentChildren;
}

/** Side panel with the measurements of a frame and its actions. */
export function Panel({ annotation, heat, onHeat, onEdit, onAccept, children }: PanelProps) {
  const { past, future } = annotation.history;
  const corrected = isCorrected(annotation);
  return (
    <>
      <div class="numbers">
        <Angle annotation={annotation} />
        <Points annotation={annotation} />
      </div>
      <div class="actions">
        <label class="slider">
          <span>Heatmaps</span>
          <input
            type="range"
            min="0"
            max="100"
            value={Math.round(100 * heat)}
            disabled={!annotation.prediction.heatmaps}
            onInput={(event) => onHeat(Number(event.currentTarget.value) / 100)}
          />
          <output>{Math.round(100 * heat)} %</output>
        </label>
        <div class="row">
          <button
            type="button"
            disabled={past.length === 0}
            onClick={() => onEdit(undoChange)}
            aria-keyshortcuts="Control+Z"
          >
            Undo
          </button>
          <button
            type="button"
            disabled={future.length === 0}
            onClick={() => onEdit(redoChange)}
            aria-keyshortcuts="Control+Shift+Z"
          >
            Redo
          </button>
          <button type="button" disabled={!corrected} onClick={() => onEdit(resetToPrediction)} aria-keyshortcuts="R">
            Reset
          </button>
        </div>
        <button type="button" class="primary" onClick={onAccept} aria-keyshortcuts="A">
          {acceptLabel(annotation)}
        </button>
        {children}
      </div>
    </>
  );
}

function acceptLabel(annotation: Annotation): string {
  if (annotation.confirmed) return decisionOf(annotation) === 'corrected' ? 'Correction accepted' : 'Accepted';
  return isCorrected(annotation) ? 'Accept correction' : 'Accept';
}

function Angle({ annotation }: { annotation: Annotation }) {
  const { prediction } = annotation;
  const now = measurementsOf(annotation);
  const [angle, predicted] = [angleOf(now), angleOf(prediction)];
  const corrected = isCorrected(annotation);
  const { calibrated, aop: interval } = prediction.uncertainty;
  // A person who has confirmed the landmarks has looked.
  const doubts = annotation.confirmed ? [] : prediction.doubts;
  const change = angle !== null && predicted !== null ? angle - predicted : undefined;
  return (
    <section class="angle" aria-label="Angle of progression">
      <h2>Angle of progression</h2>
      <p class="figure">{degrees(angle)}</p>
      {now.aopMissing && <p class="quiet">{now.aopMissing}</p>}
      {now.aopInMillimetres !== null && <p class="quiet">{degrees(now.aop)} in the picture</p>}
      {corrected && (
        <p class="quiet">
          <span class="dashes" /> predicted {degrees(predicted)}
          {change !== undefined && ` (${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)}°)`}
        </p>
      )}
      {calibrated && interval && (
        <p class="quiet">
          {corrected ? '95 % interval of the prediction' : '95 % interval'} {interval.low.toFixed(1)}° to{' '}
          {interval.high.toFixed(1)}°{now.aopInMillimetres !== null && ' in the picture'}
        </p>
      )}
      {doubts.length > 0 && (
        <div class="doubts">
          <b>Check every landmark.</b>
          {doubts.map((doubt) => (
            <p key={doubt}>{doubt}</p>
          ))}
        </div>
      )}
      {warningsAbout(annotation).map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
    </section>
  );
}

function Points({ annotation }: { annotation: Annotation }) {
  const landmarks = landmarksOf(annotation);
  const { rays } = measurementsOf(annotation);
  return (
    <section aria-label="Landmarks">
      <table class="points">
        <thead>
          <tr>
            <th scope="col">Landmark</th>
            <th scope="col">x, y (px)</th>
            <th scope="col">Confidence</th>
          </tr>
        </thead>
        <tbody>
          {LANDMARK_NAMES.map((name) => {
            const { x, y } = landmarks[name];
            const moved = distance(landmarks[name], annotation.prediction.landmarks[name]);
            return (
              <tr key={name}>
                <th scope="row" title={LANDMARK_TITLES[name]}>
                  <span class="swatch" style={{ background: COLORS[name] }} />
                  {name.toUpperCase()}
                </th>
                <td>
                  {x.toFixed(1)}, {y.toFixed(1)}
                </td>
                <td title={errorTitle(annotation, name)}>
                  {moved > 0 ? (
                    `moved ${moved.toFixed(1)} px`
                  ) : (
                    <Confidence share={annotation.prediction.confidence[name]} />
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rays && (
        <p class="quiet">
          PS1–PS2 {rays.ps1ps2.toFixed(1)} mm, PS1–FH1 {rays.ps1fh1.toFixed(1)} mm
        </p>
      )}
    </section>
  );
}

function errorTitle({ prediction: { uncertainty } }: Annotation, name: keyof Landmarks): string | undefined {
  if (!uncertainty.calibrated) return undefined;
  return `${uncertainty.landmarks[name].predictedError.toFixed(1)} px expected error`;
}

function Confidence({ share }: { share: number }) {
  const percent = Math.round(100 * share);
  return (
    <span class="confidence">
      <meter min="0" max="1" value={share} aria-hidden="true" />
      {percent} %
    </span>
  );
}
