import type { VNode } from 'preact';
import { type KeyedRun, Name, type Numbering, RunName, type Section, Table } from '../elements.js';
import { MISSING } from '../format.js';
import type { Sources } from '../source/sources.js';

/** The settings of the runs: first where they differ, then what they share. */
export function configurationSection(
  runs: readonly KeyedRun[],
  { comparisons, crossValidations, searches }: Omit<Sources, 'runs'>,
  numbering: Numbering,
): Section | undefined {
  const known = [
    ...runs.map((run) => ({ name: <RunName run={run} />, settings: run.settings })),
    ...comparisons.flatMap(({ name, comparison, settings }) =>
      settings.map((own, i) => ({ name: named(name, comparison.models[i].name), settings: own })),
    ),
    ...crossValidations.map(({ name, settings }) => ({ name: <Name>{name}</Name>, settings })),
    ...searches.map(({ name, settings }) => ({ name: named(name, 'best trial'), settings })),
  ].filter(({ settings }) => settings.size > 0);
  if (known.length === 0) return undefined;
  const paths = [...new Set(known.flatMap(({ settings }) => [...settings.keys()]))];
  const valuesOf = (path: string) => known.map(({ settings }) => settings.get(path));
  const differing = paths.filter((path) => new Set(valuesOf(path)).size > 1);
  const shared = paths.filter((path) => !differing.includes(path));
  const single = known.length === 1;
  const body = (
    <>
      {!single && differing.length === 0 && <p>All settings are the same.</p>}
      {differing.length > 0 && (
        <Table
          number={numbering.table()}
          title="Settings that differ"
          columns={[{ header: 'Setting' }, ...known.map(({ name }) => ({ header: name }))]}
          caption="Numbers to six digits."
          rows={differing.map((path) => [path, ...valuesOf(path).map((value) => shortened(shown(value)))])}
        />
      )}
      {shared.length > 0 && (
        <>
          <h3>{single ? <>Settings of {known[0].name}</> : 'Settings that all share'}</h3>
          <dl class="settings">
            {shared.map((path) => (
              <div>
                <dt>{path}</dt>
                <dd>{shown(known[0].settings.get(path))}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </>
  );
  return { id: 'configuration', title: 'Configuration', body };
}

/** A number of which only the first six digits fit into a table. */
function shortened(text: string): string {
  return /^[-\d.e]{8,}$/.test(text) && Number.isFinite(Number(text))
    ? String(Number(Number(text).toPrecision(6)))
    : text;
}

function named(folder: string, part: string): VNode {
  return (
    <Name>
      {folder}, {part}
    </Name>
  );
}

/** A value without the quotes that JSON puts around text. */
function shown(value: string | undefined): string {
  return value?.replace(/^"(.*)"$/, '$1') ?? MISSING;
}
