import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConvVariant, compile, gradients, mul, sum, type Tensor } from '../../src/index.js';
import { pretend, sharedDevice } from '../support/device.js';
import { operations } from './non-finite/operations.js';
import { cases, classesOf, poisoned, type TableCase } from './non-finite/table.js';

const device = await sharedDevice();

type Body = (...operands: Tensor[]) => Tensor[];

/** Results and gradients of a case, of its inputs and the gradient from above. */
function bodyOf({ operation, options, inputs, differentiable }: TableCase, variant?: ConvVariant): Body {
  return (...operands) => {
    const own = operands.slice(0, inputs.length);
    const results = operations[operation](own, options, variant);
    if (differentiable.length === 0) return results;
    const loss = sum(mul(results[0], operands[inputs.length]));
    return [
      ...results,
      ...gradients(
        loss,
        differentiable.map((i) => own[i]),
      ),
    ];
  };
}

async function expectTable(example: TableCase, run: (...operands: Tensor[]) => Promise<Tensor[]>): Promise<string[]> {
  const wrong: string[] = [];
  const resultShape = example.upstream.length;
  await Promise.all(
    example.poisons.map(async (poison) => {
      const drawn = poisoned(example, poison);
      const operands = example.inputs.map(({ shape }, i) => device.tensor(drawn[i], shape));
      if (resultShape) operands.push(device.tensor(drawn[example.inputs.length], shapeOfResult(example)));
      const results = await run(...operands);
      const classes = await Promise.all(results.map(async (result) => classesOf(await result.data())));
      for (const tensor of [...operands, ...results]) tensor.dispose();
      const expected = [...poison.results, ...poison.gradients];
      if (classes.join(' ') !== expected.join(' '))
        wrong.push(
          `${poison.value} at ${poison.index} of ${poison.operand}: ${classes.join(' | ')} torch: ${expected.join(' | ')}`,
        );
    }),
  );
  return wrong;
}

const shapes = new Map<TableCase, readonly number[]>();
function shapeOfResult(example: TableCase): readonly number[] {
  let s = shapes.get(example);
  if (!s) {
    s = operations[example.operation](
      example.inputs.map(({ shape }) => device.zeros(shape)),
      example.options,
    )[0].shape;
    shapes.set(example, s);
  }
  return s;
}

describe.each(['own', 'GPU'] as const)('on kernels for %s', (kind) => {
  let restore: () => void;
  beforeAll(async () => {
    restore = await pretend(kind);
  });
  afterAll(() => restore());
  test.each(cases.filter(({ operation }) => operations[operation]).map((example) => [example.name, example] as const))(
    '%s',
    async (_name, example) => {
      const body = bodyOf(example);
      const wrong: string[] = [];
      for (const w of await expectTable(example, async (...operands) => body(...operands))) wrong.push(`eager: ${w}`);
      const compiled = compile(body as never, { device }) as unknown as (...operands: Tensor[]) => Promise<Tensor[]>;
      for (const w of await expectTable(example, compiled)) wrong.push(`compiled: ${w}`);
      expect(wrong.length, wrong.slice(0, 12).join('\n')).toBe(0);
    },
  );
});
