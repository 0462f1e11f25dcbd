import { type KeyedRun, Name, type Numbering, RunName, type Section, Table } from '../elements.js';
import { MISSING } from '../format.js';
import type { Sources } from '../source/sources.js';

/** The settings of the runs: first where they differ, then what they share. */
export function configurationSection(
  runs: readonly KeyedRun[],
  { crossValidations }: Pick<Sources, 'crossValidations'>,
  numbering: Numbering,
): Section | undefined {
  const known = [
    ...runs.map((run) => ({ name: <RunName run={run} />, settings: run.settings })),
    ...crossValidations.map(({ name, settings }) => ({ name: <Name>{name}</Name>, settings })),
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
          rows={differing.map((path) => [path, ...valuesOf(path).map(shown)])}
          marked={() => true}
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

/** A value without the quotes that JSON puts around text. */
function shown(value: string | undefined): string {
  return value?.replace(/^"(.*)"$/, '$1') ?? MISSING;
}
