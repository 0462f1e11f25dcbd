import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type RenderTask, renderPhantom } from './render.js';

/** Renders a frame; its bytes go back without being copied. */
export default async function render(task: RenderTask): Promise<unknown> {
  const rendered = await renderPhantom(task);
  return move({ [transferableSymbol]: [rendered.bytes.buffer as ArrayBuffer], [valueSymbol]: rendered });
}
