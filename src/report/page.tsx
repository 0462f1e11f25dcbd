import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Section } from './elements.js';
import { fontFaces } from './fonts.js';
import { STYLE } from './style.js';

export interface Page {
  readonly title: string;
  readonly byline: ComponentChildren;
  readonly lead: ComponentChildren;
  /** What the reader should know of the sources, one sentence each. */
  readonly notes: readonly string[];
  readonly sections: readonly Section[];
  readonly footer: ComponentChildren;
}

/** The HTML document: complete in itself, without scripts and without a link to anything outside. */
export function renderPage(page: Page): string {
  return `<!DOCTYPE html>\n${visible(renderToString(<Document {...page} />))}\n`;
}

function Document({ title, byline, lead, notes, sections, footer }: Page): VNode {
  return (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        {/* Nothing is loaded from anywhere, whatever a name in the data may look like. */}
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
        />
        <title>{title}</title>
        {/* Our own constants. */}
        <style dangerouslySetInnerHTML={{ __html: `${fontFaces()}\n${STYLE}` }} />
      </head>
      <body>
        <header>
          <h1>{title}</h1>
          <p class="byline">{byline}</p>
          {lead}
          <nav aria-label="Contents">
            <ol>
              {sections.map(({ id, title }, index) => (
                <li>
                  <a href={`#${id}`}>
                    {index + 1}&ensp;{title}
                  </a>
                </li>
              ))}
            </ol>
          </nav>
          {notes.length > 0 && (
            <aside class="notes">
              <h2>What is missing</h2>
              <ul>
                {notes.map((note) => (
                  <li>
                    <bdi>{note}</bdi>
                  </li>
                ))}
              </ul>
            </aside>
          )}
        </header>
        <main>
          {sections.map(({ id, title, body }, index) => (
            <section aria-labelledby={id}>
              <h2 id={id}>
                {index + 1}&ensp;{title}
              </h2>
              {body}
            </section>
          ))}
        </main>
        <footer>{footer}</footer>
      </body>
    </html>
  );
}

/** Control characters, which HTML forbids and file names may hold, as the sign for what cannot be shown. */
function visible(html: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return html.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
}
