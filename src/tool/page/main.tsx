import { render } from 'preact';
import type { ModelDescription } from '../model-description.js';
import { Workspace } from './annotate/workspace.js';
import { Runtime } from './infer/runtime.js';
import { App } from './view/app.js';
import { drawThumbnail } from './view/draw-frame.js';
import { loadChoice } from './view/preferences.js';

const root = document.querySelector('#app');
if (root) void start(root);

async function start(element: Element): Promise<void> {
  const response = await fetch('/v1/model').catch(() => undefined);
  if (!response?.ok) {
    render(
      <p class="wait" role="alert">
        The server does not say which model it has. Reload the page when it is there.
      </p>,
      element,
    );
    return;
  }
  const model: ModelDescription = await response.json();
  const { fit, ...choice } = loadChoice(model.precision);
  const runtime = new Runtime(model, choice);
  const workspace = new Workspace(
    {
      predictor: () => runtime.predictor(),
      thumbnail: drawThumbnail,
      mostFrames: model.mostFrames,
      now: () => performance.now(),
    },
    fit,
  );
  render(<App model={model} runtime={runtime} workspace={workspace} />, element);
}
