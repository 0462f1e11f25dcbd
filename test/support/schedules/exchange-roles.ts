/**
 * Orders in which the invocations of a workgroup may take their turns. A software driver runs its subgroups one behind
 * the other, first to last, up to each barrier; a GPU in any order. Since an invocation's role is nothing but its
 * index, a kernel whose invocations exchange indices runs as if the driver had chosen the other order, and one that
 * lacks a barrier gives itself away.
 */
export const SCHEDULES = ['last-first', 'halves-exchanged'] as const;

export type Schedule = (typeof SCHEDULES)[number];

/** The role of index i among `count`. */
const ROLES: Readonly<Record<Schedule, (i: string, count: string) => string>> = {
  'last-first': (i, count) => `(${count} - 1u - ${i})`,
  'halves-exchanged': (i, count) => `((${i} + ${count} / 2u) % ${count})`,
};

interface Parameter {
  readonly text: string;
  readonly builtin: string;
  readonly name: string;
}

/**
 * A kernel with its invocations' indices exchanged: `local_invocation_id`, `local_invocation_index`,
 * `global_invocation_id` and `subgroup_id`. Subgroups stay together where subgroup operations tell which invocations
 * are in one.
 *
 * @param source Final WGSL with the entry point `main` and a workgroup size of literals.
 * @throws Error for a kernel that it cannot read, since one that is left as it is would be tested for nothing.
 */
export function exchangeRoles(source: string, schedule: Schedule): string {
  const found = source.match(/@workgroup_size\(([^)]*)\)\s*fn\s+main\s*\(/);
  if (!found || found.index === undefined) throw new Error(`no entry point main in:\n${source}`);
  const size = found[1]
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => Number(part.replace(/u\s*$/, '')));
  if (!size.every(Number.isInteger)) throw new Error(`the workgroup size is (${found[1]}), which are no numbers`);
  const [x, y = 1, z = 1] = size;
  const count = x * y * z;
  if (count === 1) return source;

  const open = found.index + found[0].length;
  const close = closingBracket(source, open);
  const body = source.indexOf('{', close) + 1;
  const parameters = splitParameters(source.slice(open, close));
  const exchanged = parameters.filter(({ builtin }) => EXCHANGED.has(builtin));
  if (exchanged.length === 0) return source;
  const inSubgroups = /^\s*enable\b[^;]*\bsubgroups\b/m.test(source);

  const asked = new Map(parameters.map(({ builtin, name }) => [builtin, EXCHANGED.has(builtin) ? given(name) : name]));
  const added: string[] = [];
  const ask = (builtin: string, type: string): string => {
    const known = asked.get(builtin);
    if (known) return known;
    const name = `schedule_${builtin}`;
    asked.set(builtin, name);
    added.push(`@builtin(${builtin}) ${name}: ${type}`);
    return name;
  };
  const index = ask('local_invocation_index', 'u32');
  const lines = inSubgroups
    ? wholeSubgroups(index, ask('subgroup_size', 'u32'), count, schedule)
    : [`let schedule_role = ${ROLES[schedule](index, `${count}u`)};`];
  lines.push(
    `let schedule_local = vec3<u32>(schedule_role % ${x}u, schedule_role / ${x}u % ${y}u, schedule_role / ${x * y}u);`,
  );
  const values: Readonly<Record<string, () => string>> = {
    local_invocation_id: () => 'schedule_local',
    local_invocation_index: () => 'schedule_role',
    global_invocation_id: () => `${ask('workgroup_id', 'vec3<u32>')} * vec3<u32>(${x}u, ${y}u, ${z}u) + schedule_local`,
    subgroup_id: () => `schedule_role / ${ask('subgroup_size', 'u32')}`,
  };
  for (const { builtin, name } of exchanged) lines.push(`let ${name} = ${values[builtin]()};`);
  const renamed = parameters.map(({ text, builtin, name }) =>
    EXCHANGED.has(builtin) ? text.replace(new RegExp(`\\b${name}(?=\\s*:)`), given(name)) : text,
  );
  const head = `${source.slice(0, open)}${[...renamed, ...added].join(', ')}${source.slice(close, body)}`;
  return `${head}\n  ${lines.join('\n  ')}\n${source.slice(body)}`;
}

const EXCHANGED = new Set(['local_invocation_id', 'local_invocation_index', 'global_invocation_id', 'subgroup_id']);

function given(name: string): string {
  return `given_${name}`;
}

/** Subgroups exchange their roles, and their invocations stay in order. A subgroup that is not whole keeps its role. */
function wholeSubgroups(index: string, size: string, count: number, schedule: Schedule): string[] {
  const role = ROLES[schedule](`(${index} / ${size})`, 'schedule_subgroups');
  return [
    `let schedule_subgroups = ${count}u / ${size};`,
    `let schedule_exchanged = ${role} * ${size} + ${index} % ${size};`,
    `let schedule_role = select(${index}, schedule_exchanged, ${index} / ${size} < schedule_subgroups);`,
  ];
}

function closingBracket(source: string, start: number): number {
  let depth = 1;
  for (let i = start; i < source.length; i++) {
    if (source[i] === '(') depth += 1;
    if (source[i] === ')') depth -= 1;
    if (depth === 0) return i;
  }
  throw new Error(`a bracket is not closed in:\n${source}`);
}

function splitParameters(text: string): Parameter[] {
  const parts = text.split(/,(?=\s*@)|,\s*$/).map((part) => part.trim());
  return parts.filter(Boolean).map((part) => {
    const read = part.match(/^@builtin\((\w+)\)\s*(\w+)\s*:/);
    if (!read) throw new Error(`"${part}" is no builtin`);
    return { text: part, builtin: read[1], name: read[2] };
  });
}
