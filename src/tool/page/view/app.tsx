import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ModelDescription } from '../../model-description.js';
import { angleOf, isCorrected, measurementsOf, moveLandmark } from '../annotate/annotation.js';
import { annotationOf, frameKey, problemOf } from '../annotate/entry.js';
import type { Workspace } from '../annotate/workspace.js';
import { annotatedFrames, exportFrames } from '../export/export-frames.js';
import type { Runtime } from '../infer/runtime.js';
import { AngleChart } from './angle-chart.js';
import { Exports } from './exports.js';
import { degrees, median } from './format.js';
import { FrameSlider } from './frame-slider.js';
import { Header } from './header.js';
import { Help } from './help.js';
import { Panel } from './panel.js';
import { saveChoice } from './preferences.js';
import { Stage } from './stage.js';
import { Strip } from './strip.js';
import { useFileInput } from './use-file-input.js';
import { useShortcuts } from './use-shortcuts.js';
import { useStore } from './use-store.js';
import { useTicks } from './use-ticks.js';
import { Welcome } from './welcome.js';

interface AppProps {
  readonly model: ModelDescription;
  readonly runtime: Runtime;
  readonly workspace: Workspace;
}

export function App({ model, runtime, workspace }: AppProps) {
  const { entries, current, frame, predicting, fit } = useStore(workspace);
  const state = useStore(runtime);
  const [heat, setHeat] = useState(0.5);
  const [marks, setMarks] = useState(true);
  const [help, setHelp] = useState(false);
  const [spoken, setSpoken] = useState('');
  const picker = useRef<HTMLInputElement>(null);
  const pick = () => picker.current?.click();
  const dragging = useFileInput((files) => workspace.add(files));
  useTicks(entries.length > 0);

  const entry = entries[current];
  const annotation = entry && annotationOf(entry);
  const problem = entry && problemOf(entry);
  const frames = useMemo(() => annotatedFrames(workspace), [entries]);
  const confirmed = frames.filter((one) => one.annotation.confirmed);
  useUnsavedWarning(frames.some((one) => one.annotation.confirmed || isCorrected(one.annotation)));
  useShortcuts(workspace, { toggleMarks: () => setMarks((shown) => !shown), help: () => setHelp(true) });

  // What follows from a change is said once the change is over, not at every pixel on the way.
  const speak = () => {
    const now = workspace.entry && annotationOf(workspace.entry);
    if (now) setSpoken(`Angle of progression ${degrees(angleOf(measurementsOf(now)))}`);
  };
  useEffect(speak, [annotation?.prediction]);

  return (
    <div class={dragging ? 'app dragging' : 'app'}>
      <Header
        model={model}
        state={state}
        choice={runtime.choice}
        fit={fit}
        onChoose={(choice) => {
          saveChoice({ ...choice, fit });
          runtime.choose(choice);
        }}
        onFit={(chosen) => {
          saveChoice({ ...runtime.choice, fit: chosen });
          workspace.setFit(chosen);
        }}
        onHelp={() => setHelp(true)}
      />
      <main class={entry ? 'work' : 'empty'}>
        {!entry && <Welcome onPick={pick} />}
        {entry && (
          <section class="viewer" aria-label={entry.file.name}>
            {frame && (
              <Stage
                frame={frame}
                annotation={annotation}
                heat={heat}
                marks={marks}
                onMove={(name, to, step) => workspace.edit((one) => moveLandmark(one, name, to, step))}
                onSettled={speak}
              />
            )}
            {!frame && !problem && <p class="wait">Reading {entry.file.name} …</p>}
            {(entry.frameCount ?? 1) > 1 && (
              <div class="loop">
                <AngleChart entry={entry} onSelect={(index) => workspace.selectFrame(index)} />
                <FrameSlider
                  index={entry.frameIndex}
                  count={entry.frameCount ?? 1}
                  onSelect={(index) => workspace.selectFrame(index)}
                />
              </div>
            )}
          </section>
        )}
        {entry && (
          <aside>
            <p class="file" title={entry.file.name}>
              {entry.file.name}
              {frame && ` · ${frame.width} × ${frame.height}`}
            </p>
            {problem && (
              <div class="problem" role="alert">
                <p>{problem}</p>
                <button type="button" onClick={() => workspace.retry()}>
                  Try again
                </button>
              </div>
            )}
            {!annotation && !problem && frame && predicting && <p class="wait">Finding the landmarks …</p>}
            {annotation && (
              <Panel
                annotation={annotation}
                heat={heat}
                onHeat={setHeat}
                onEdit={(change) => {
                  workspace.edit(change);
                  speak();
                }}
                onAccept={() => workspace.accept()}
              >
                <Exports
                  confirmed={confirmed.length}
                  onExport={async (kind) => {
                    if (!frame) return;
                    const { precision } = runtime.choice;
                    await exportFrames(kind, workspace, { entry, frame, annotation }, { model, precision });
                  }}
                />
              </Panel>
            )}
          </aside>
        )}
        <p class="spoken" aria-live="polite">
          {spoken}
        </p>
        <input
          ref={picker}
          class="picker"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Choose frames"
          onChange={(event) => {
            workspace.add([...(event.currentTarget.files ?? [])]);
            // So that the same file can be chosen again.
            event.currentTarget.value = '';
          }}
        />
      </main>
      {entry && (
        <Strip
          entries={entries}
          current={current}
          confirmed={confirmed.length}
          seconds={workspace.stopwatch.seconds(frameKey(entry))}
          typical={median(confirmed.map(({ seconds }) => seconds))}
          onSelect={(position) => workspace.select(position)}
          onRemove={(id) => workspace.remove(id)}
          onAdd={pick}
        />
      )}
      <footer>{model.notice}</footer>
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/** Asks for confirmation before leaving the page with unsaved work. */
function useUnsavedWarning(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [unsaved]);
}
