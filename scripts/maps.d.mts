export interface LineReference {
  readonly whole: string;
  readonly label: string;
  readonly name: string | undefined;
  readonly target: string;
  readonly line: number;
  readonly shown: number;
}

export function documents(root: string): string[];
export function lineReferences(text: string): LineReference[];
export function findLine(source: string, name: string, near: number): number | undefined;
export function faultsOf(root: string, path: string): string[];
export function withCurrentLines(root: string, path: string): string;
