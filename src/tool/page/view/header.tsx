import type { Fit } from '../../../model/index.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import type { RuntimeChoice } from '../infer/runtime.js';
import type { RuntimeState } from '../infer/runtime-state.js';
import { megabytes } from './format.js';

interface HeaderProps {
  readonly model: ModelDescription;
  readonly state: RuntimeState;
  readonly choice: RuntimeChoice;
  readonly fit: Fit;
  onChoose(choice: RuntimeChoice): void;
  onFit(fit: Fit): void;
  onHelp(): void;
}

/** Header with the name of the model, where it runs, and settings. */
export function Header({ model, state, choice, fit, onChoose, onFit, onHelp }: HeaderProps) {
  const { where, precision } = choice;
  return (
    <header>
      <h1>sonde</h1>
      <p class="model" title={`${model.architecture}, ${model.parameters.toLocaleString('en')} parameters`}>
        {model.name}
      </p>
      <Place state={state} />
      <button type="button" popovertarget="settings">
        Settings
      </button>
      <div id="settings" class="sheet" popover="auto">
        <label>
          Runs
          <select
            value={where}
            onChange={(event) => onChoose({ ...choice, where: event.currentTarget.value as RuntimeChoice['where'] })}
          >
            <option value="auto">in this page if possible</option>
            <option value="page">in this page</option>
            <option value="server">on the server</option>
          </select>
        </label>
        <label>
          Weights
          <select
            value={precision}
            onChange={(event) => onChoose({ ...choice, precision: event.currentTarget.value as Precision })}
          >
            <option value="f32">full precision, {megabytes(model.weights.f32.bytes)}</option>
            <option value="f16">half precision, {megabytes(model.weights.f16.bytes)}</option>
          </select>
        </label>
        <label>
          Frames that are not square
          <select value={fit} onChange={(event) => onFit(event.currentTarget.value as Fit)}>
            <option value="crop">crop to the central square</option>
            <option value="pad">pad with black bars</option>
          </select>
        </label>
      </div>
      <button type="button" onClick={onHelp}>
        Help
      </button>
    </header>
  );
}

/** Where frames are predicted, which is also where they are sent. */
function Place({ state }: { state: RuntimeState }) {
  switch (state.phase) {
    case 'starting':
      return <p class="place">Looking for a GPU …</p>;
    case 'fetching':
      return (
        <p class="place">
          <Bar done={state.received} total={state.total} />
          Downloading the model, {megabytes(state.received)} of {megabytes(state.total)}
        </p>
      );
    case 'compiling':
      return (
        <p class="place">
          <Bar done={state.done} total={state.total} />
          Preparing the GPU, {state.done} of {state.total} kernels
        </p>
      );
    case 'failed':
      return (
        <p class="place failed" role="alert">
          {state.message}
        </p>
      );
    case 'ready':
      return state.where === 'page' ? (
        <p class="place here" title={state.on}>
          <b>Runs in this page</b> on {state.software ? 'a software GPU, which is slow' : state.on}. Frames do not leave
          it.
        </p>
      ) : (
        <p class="place there">
          <b>Runs on the server</b> {state.on}
          {state.why && ` because ${state.why}`}. Frames are sent to it.
        </p>
      );
  }
}

function Bar({ done, total }: { done: number; total: number }) {
  return <progress max={total} value={done} aria-label="Loading" />;
}
