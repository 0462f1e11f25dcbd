import { useEffect, useRef } from 'preact/hooks';
import { decisionOf } from '../annotate/annotation.js';
import { annotationOf, type Entry, problemOf } from '../annotate/entry.js';
import { clock } from './format.js';

interface StripProps {
  readonly entries: readonly Entry[];
  readonly current: number;
  readonly confirmed: number;
  /** Seconds spent on the current frame. */
  readonly seconds: number;
  /** Median time of the accepted frames, seconds. */
  readonly typical: number | undefined;
  onSelect(position: number): void;
  onRemove(id: number): void;
  onAdd(): void;
}

/** The queue: thumbnails, position, and navigation. */
export function Strip(props: StripProps) {
  const { entries, current, confirmed, seconds, typical, onSelect, onAdd } = props;
  return (
    <nav class="strip" aria-label="Queue">
      <button type="button" disabled={current <= 0} onClick={() => onSelect(current - 1)} aria-keyshortcuts="[">
        Previous
      </button>
      <ol>
        {entries.map((entry, position) => (
          <Thumbnail key={entry.id} entry={entry} position={position} {...props} />
        ))}
        <li>
          <button type="button" class="add" onClick={onAdd}>
            Add frames
          </button>
        </li>
      </ol>
      <button
        type="button"
        disabled={current >= entries.length - 1}
        onClick={() => onSelect(current + 1)}
        aria-keyshortcuts="]"
      >
        Next
      </button>
      <p class="tally">
        <span>
          {current + 1} of {entries.length}, {confirmed} accepted
        </span>
        <span>
          {clock(seconds)}
          {typical !== undefined && `, typically ${clock(typical)}`}
        </span>
      </p>
    </nav>
  );
}

const STATES = { open: 'open', accepted: 'accepted', corrected: 'corrected' } as const;

function Thumbnail({ entry, position, current, onSelect, onRemove }: { entry: Entry; position: number } & StripProps) {
  const item = useRef<HTMLLIElement>(null);
  const selected = position === current;
  useEffect(() => {
    if (selected) item.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [selected]);
  const annotation = annotationOf(entry);
  const state = problemOf(entry) ? 'failed' : annotation ? STATES[decisionOf(annotation)] : 'waiting';
  const count = entry.frameCount && entry.frameCount > 1 ? `, ${entry.frameCount} frames` : '';
  return (
    <li ref={item} class={`thumbnail ${state}`}>
      <button
        type="button"
        aria-current={selected ? 'true' : undefined}
        aria-label={`${entry.file.name}${count}, ${state}`}
        title={entry.file.name}
        onClick={() => onSelect(position)}
      >
        {entry.thumbnail ? <img src={entry.thumbnail} alt="" /> : <span class="blank" />}
        <span class="state" aria-hidden="true" />
      </button>
      {selected && (
        <button
          type="button"
          class="remove"
          aria-label={`Remove ${entry.file.name}`}
          onClick={() => onRemove(entry.id)}
        >
          ×
        </button>
      )}
    </li>
  );
}
