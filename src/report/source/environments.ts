import { ENVIRONMENT_FILE, type RunEnvironment, runEnvironmentSchema } from '../../train/run-folder/index.js';
import { type Note, SourceFolder } from './file.js';

/** What several trainings were made with. */
export interface SharedEnvironment {
  /** Which of them, in their order. */
  readonly of: readonly string[];
  /** The date is that of the first. */
  readonly environment: Partial<RunEnvironment>;
}

/** The environments of several trainings, those together that were made with the same adapter and the same versions. */
export async function readEnvironments(
  trainings: readonly { readonly name: string; readonly path: string }[],
  note: Note,
): Promise<SharedEnvironment[]> {
  const shared = new Map<string, { of: string[]; environment: Partial<RunEnvironment> }>();
  for (const { name, path } of trainings) {
    const own = await new SourceFolder(path, note).json(ENVIRONMENT_FILE, runEnvironmentSchema.partial());
    if (!own) continue;
    const { date, ...rest } = own;
    const key = JSON.stringify(Object.entries(rest).sort());
    const known = shared.get(key);
    if (!known) shared.set(key, { of: [name], environment: own });
    else {
      known.of.push(name);
      const dates = [known.environment.date, date].filter((each) => each !== undefined).sort();
      known.environment = { ...known.environment, date: dates[0] };
    }
  }
  return [...shared.values()];
}
