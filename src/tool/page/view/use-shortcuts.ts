import { useEffect } from 'preact/hooks';
import { redoChange, resetToPrediction, undoChange } from '../annotate/annotation.js';
import type { Workspace } from '../annotate/workspace.js';

/** Keys that work wherever the focus is, except where text is typed or a dialog is open. */
export function useShortcuts(workspace: Workspace, page: { toggleMarks(): void; help(): void }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      workspace.stopwatch.sign();
      if (event.defaultPrevented || isTyping(event.target) || document.querySelector('dialog[open]')) return;
      const action = actionOf(event, workspace, page);
      if (!action) return;
      event.preventDefault();
      action();
    };
    const sign = () => workspace.stopwatch.sign();
    const visibility = () => {
      if (document.hidden) workspace.stopwatch.pause();
      else workspace.stopwatch.resume();
    };
    addEventListener('keydown', press);
    addEventListener('pointermove', sign);
    addEventListener('pointerdown', sign);
    document.addEventListener('visibilitychange', visibility);
    return () => {
      removeEventListener('keydown', press);
      removeEventListener('pointermove', sign);
      removeEventListener('pointerdown', sign);
      document.removeEventListener('visibilitychange', visibility);
    };
  }, [workspace]);
}

function actionOf(
  event: KeyboardEvent,
  workspace: Workspace,
  page: { toggleMarks(): void; help(): void },
): (() => void) | undefined {
  const { entry, state } = workspace;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') return () => workspace.edit(event.shiftKey ? redoChange : undoChange);
    if (key === 'y') return () => workspace.edit(redoChange);
    return undefined;
  }
  if (event.altKey) return undefined;
  switch (key) {
    case 'a':
      return () => workspace.accept();
    case 'r':
      return () => workspace.edit(resetToPrediction);
    case 'h':
      return page.toggleMarks;
    case '?':
      return page.help;
    case '[':
      return () => workspace.select(state.current - 1);
    case ']':
      return () => workspace.select(state.current + 1);
    case ',':
      return entry && (() => workspace.selectFrame(entry.frameIndex - 1));
    case '.':
      return entry && (() => workspace.selectFrame(entry.frameIndex + 1));
    default:
      return undefined;
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement ? target.type !== 'range' : target instanceof HTMLSelectElement;
}
