import { relative, sep } from 'node:path';
import { DatasetError, type Split } from '../dataset/index.js';
import { FINDING_KINDS, type Finding, type FindingKind, SEVERITIES, type Severity } from './report.js';

/** Where something was found. */
export interface Place {
  readonly split: Split;
  /** Path of the file. */
  readonly path: string;
  readonly row?: number;
  /** The image as a table names it. */
  readonly image?: string;
}

/** What has been found so far. */
export class Findings {
  private readonly found: Finding[] = [];

  constructor(private readonly directory: string) {}

  add(kind: FindingKind, place: Place, message: string, severity: Severity = FINDING_KINDS[kind]): void {
    const { split, path, row, image } = place;
    this.found.push({
      kind,
      severity,
      split,
      path: this.short(path),
      ...(row === undefined ? {} : { row }),
      ...(image === undefined ? {} : { image }),
      message,
    });
  }

  /** Runs `body`; a DatasetError becomes a finding, and the result is undefined. */
  async attempt<T>(
    kind: FindingKind,
    place: Place,
    body: () => T | Promise<T>,
    severity?: Severity,
  ): Promise<T | undefined> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      this.add(kind, place, withoutPlace(error.message, place), severity);
      return undefined;
    }
  }

  /** A path relative to the data set's folder, with slashes. */
  short(path: string): string {
    return relative(this.directory, path).split(sep).join('/') || '.';
  }

  /** Errors first, each kind together, by file and row. */
  sorted(): Finding[] {
    const kinds = Object.keys(FINDING_KINDS);
    const order = (finding: Finding) =>
      SEVERITIES.indexOf(finding.severity) * kinds.length + kinds.indexOf(finding.kind);
    return [...this.found].sort(
      (a, b) => order(a) - order(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || (a.row ?? 0) - (b.row ?? 0),
    );
  }
}

/** Errors of reading begin with file and row, which a finding has apart. */
function withoutPlace(message: string, { path, row }: Place): string {
  const starts = [`${path}, row ${row}: `, `${path}: `];
  const start = starts.find((text) => message.startsWith(text));
  return start === undefined ? message : message.slice(start.length);
}
