import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

/** What a reader of the report should know about its sources: one sentence each, naming the file. */
export type Note = (sentence: string) => void;

/**
 * What one folder says of itself, read file by file: a file that is missing or damaged costs what it holds and no more.
 */
export class SourceFolder {
  constructor(
    readonly path: string,
    readonly note: Note,
  ) {}

  file(name: string): string {
    return join(this.path, name);
  }

  /** @param absent Ends the sentence "… is missing" where a file should be there; without it nobody is told. */
  async bytes(name: string, absent?: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.file(name));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.note(`${this.file(name)} cannot be read (${code}); what it holds is left out.`);
      else if (absent !== undefined) this.note(`${this.file(name)} is missing${absent}`);
      return undefined;
    }
  }

  async text(name: string, absent?: string): Promise<string | undefined> {
    return (await this.bytes(name, absent))?.toString('utf8');
  }

  /** The JSON in a file, as the schema has it. What the schema does not know is left out. */
  async json<T>(name: string, schema: z.ZodType<T>, absent?: string): Promise<T | undefined> {
    const text = await this.text(name, absent);
    return text === undefined ? undefined : this.parsed(text, schema, this.file(name));
  }

  /** @param where Begins the sentence about text that is not what it should be. */
  parsed<T>(text: string, schema: z.ZodType<T>, where: string): T | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      this.note(`${where} is damaged (${(cause as Error).message}); what it holds is left out.`);
      return undefined;
    }
    return this.checked(value, schema, where);
  }

  /** A value as the schema has it. What the schema does not know is left out. */
  checked<T>(value: unknown, schema: z.ZodType<T>, where: string): T | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0];
    this.note(`${where} is not as expected (${[...path, message].join(': ')}); what it holds is left out.`);
    return undefined;
  }
}
