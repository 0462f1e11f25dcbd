import type { VNode } from 'preact';
import { type KeyedRun, Name, RunName, type Section } from '../elements.js';
import { fixed } from '../format.js';
import type { EmbeddedPicture } from '../source/gallery.js';

const KINDS = {
  best: 'Least mean distance',
  median: 'In the middle',
  worst: 'Greatest mean distance',
} as const;

/** What the numbers look like: the best, median and worst frames. */
export function framesSection(runs: readonly KeyedRun[]): Section | undefined {
  const drawn = runs.filter(({ gallery }) => gallery.length > 0);
  if (drawn.length === 0) return undefined;
  const body = (
    <>
      <p>
        Solid lines are predicted, dashed green ones are the truth. Yellow PS1, blue PS2 and pink FH1 span the angle of
        progression. Each picture says how far its landmarks are off on average (px of a 512 px frame) and how far its
        angle is.
      </p>
      {drawn.map((run) => (
        <>
          <h3>
            <RunName run={run} />
          </h3>
          {Object.entries(KINDS).map(([kind, title]) => gallery(kind, title, run))}
        </>
      ))}
    </>
  );
  return { id: 'frames', title: 'Best, median and worst frames', body };
}

function gallery(kind: string, title: string, run: KeyedRun): VNode | undefined {
  const pictures = run.gallery.filter((picture) => picture.kind === kind);
  if (pictures.length === 0) return undefined;
  return (
    <div class="kind">
      <p>{title}</p>
      <div class="gallery">
        {pictures.map((picture) => (
          <figure>
            <img src={picture.source} width={picture.width} height={picture.height} alt={altOf(picture)} />
            <figcaption>
              <Name>{picture.filename}</Name>
              <br />
              {errorsOf(picture)}
            </figcaption>
          </figure>
        ))}
      </div>
    </div>
  );
}

function errorsOf({ apd, aopError }: EmbeddedPicture): string {
  return `${fixed(apd, 1)} px, ${aopError === null ? 'no angle' : `${fixed(aopError, 1)}°`}`;
}

function altOf(picture: EmbeddedPicture): string {
  const { filename } = picture;
  return `Frame ${filename} with predicted and true landmarks, rays and angle: off by ${errorsOf(picture)}.`;
}
