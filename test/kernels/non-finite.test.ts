import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as sonde from '../../src/index.js';
import {
  type ConvVariant,
  compile,
  type DType,
  gradients,
  mul,
  NumericError,
  sum,
  type Tensor,
} from '../../src/index.js';
import { checkedDevice, deviceWithMatrixUnits, pretend, sharedDevice } from '../support/device.js';
import {
  type Execute,
  halves,
  inFours,
  notOperations,
  operations,
  stateful,
  variantsOf,
} from './non-finite/operations.js';
import { cases, classesOf, hasValues, type Poison, poisoned, type TableCase } from './non-finite/table.js';

// NaN and infinity go through every operation as they do in PyTorch, however it is computed. What PyTorch makes of them
// is data: non-finite/pytorch.json, written by tools/pytorch/non_finite.py.

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

interface Setting {
  readonly device?: sonde.Device;
  readonly matrixUnits?: sonde.MatrixUnit;
  /** Type of the operands that may be f16. */
  readonly dtype?: DType;
}

/** What one way of computing a case made of each poison, for the next to agree with. */
type Seen = Map<Poison, readonly Float32Array[]>;

/** The poisons that some way of computing a case does not treat as PyTorch does, or not as another way did. */
async function faultsOf(
  example: TableCase,
  run: (...operands: Tensor[]) => Promise<Tensor[]>,
  seen: Seen,
  { device: on = device, dtype = 'f32' }: Setting = {},
): Promise<string[]> {
  const faults = example.poisons.map(async (poison) => {
    const drawn = poisoned(example, poison);
    const operands = example.inputs.map(({ shape }, i) =>
      on.tensor(drawn[i], shape, halves[example.operation]?.(i) ? dtype : 'f32'),
    );
    if (example.upstream.length > 0) operands.push(on.tensor(drawn[example.inputs.length], example.resultShape));
    const results = await run(...operands);
    const values = await Promise.all(results.map((result) => result.data()));
    const found = values.map(classesOf);
    for (const tensor of [...operands, ...results]) tensor.dispose();
    const expected = [...poison.results, ...poison.gradients];
    const { value, index, operand } = poison;
    const what = `${value} at ${index} of operand ${operand}`;
    if (found.join() !== expected.join()) {
      return [`${what}: ${found.join(' and ')}, in PyTorch ${expected.join(' and ')}`];
    }
    if (!hasValues(poison, values)) {
      return [`${what}: ${values.join(' and ')}, in PyTorch ${poison.values?.join(' and ')}`];
    }
    const before = seen.get(poison) ?? values;
    seen.set(poison, before);
    return values.some((own, i) => own.some((v, k) => Math.abs(v - before[i][k]) > 2 ** -8 * (1 + Math.abs(v))))
      ? [`${what}: ${values.join(' and ')}, before ${before.join(' and ')}`]
      : [];
  });
  return (await Promise.all(faults)).flat();
}

function forwardOnly(poison: Poison): Poison[] {
  return poison.operand === 'upstream' ? [] : [{ ...poison, gradients: [] }];
}

async function expectTable(
  example: TableCase,
  seen: Seen,
  variant?: ConvVariant,
  setting: Setting = {},
): Promise<void> {
  const body = bodyOf(example, variant);
  const { matrixUnits } = setting;
  const options = { device: setting.device ?? device, matrixUnits };
  const compiled = compile(body, options);
  const faults = [
    // Matrix units are an option of compiled functions.
    ...(matrixUnits ? [] : await faultsOf(example, async (...operands) => body(...operands), seen, setting)).map(
      (fault) => `eager: ${fault}`,
    ),
    ...(await faultsOf(example, compiled, seen, setting)).map((fault) => `compiled: ${fault}`),
  ];
  compiled.dispose();
  if (/^(chain|conv2d)/.test(example.operation)) {
    // Without gradients, which read intermediates, more of them stay in registers.
    const forward = { ...example, differentiable: [], upstream: [], poisons: example.poisons.flatMap(forwardOnly) };
    const alone = compile(bodyOf(forward, variant), options);
    faults.push(...(await faultsOf(forward, alone, new Map(), setting)).map((fault) => `forward only: ${fault}`));
    alone.dispose();
  }
  expect(faults, `${example.name}${variant ? `, ${variant}` : ''}`).toEqual([]);
}

// A cast to f16 needs the feature whatever its operand is.
const pure = cases.filter(
  ({ operation, name }) => operation in operations && (device.traits.f16 || !name.includes('f16')),
);

describe.each(['own', 'GPU'] as const)('NaN and infinity on kernels for %s devices', (kind) => {
  let restore: () => void;
  beforeAll(async () => {
    restore = await pretend(kind);
  });
  afterAll(() => restore());

  test.each(pure.map((example) => [example.name, example] as const))('%s', async (_name, example) => {
    const seen: Seen = new Map();
    for (const variant of variantsOf(example, kind)) await expectTable(example, seen, variant);
  });

  test.each(cases.filter(({ operation }) => operation in stateful).map((example) => [example.name, example] as const))(
    '%s',
    async (_name, example) => {
      const eager: Execute = async (step, x) => step(x);
      const compiled: Execute = async (step, x) => {
        await compile((value: Tensor) => step(value))(x);
      };
      for (const execute of [eager, compiled]) {
        for (const poison of example.poisons) {
          const results = await stateful[example.operation](device, poisoned(example, poison), execute);
          const values: Float32Array[] = [];
          for (const result of results) values.push(await result.data());
          const what = `${poison.value} at ${poison.index} of operand ${poison.operand}`;
          expect(values.map(classesOf), what).toEqual(poison.results);
          expect(hasValues(poison, values), what).toBe(true);
        }
      }
    },
  );

  test
    .skipIf(!device.traits.f16)
    .each(pure.filter(({ operation }) => operation in halves).map((example) => [example.name, example] as const))(
    '%s, in f16',
    async (_name, example) => {
      await expectTable(example, new Map(), undefined, { dtype: 'f16' });
    },
  );
});

const withUnits = await deviceWithMatrixUnits();
describe.skipIf(!withUnits)('NaN and infinity on matrix units', () => {
  // The software driver that has them compiles such kernels for minutes.
  test.each(pure.filter(({ name }) => inFours.has(name)).map((example) => [example.name, example] as const))(
    '%s',
    (_name, example) => expectTable(example, new Map(), 'matrix', { ...withUnits, dtype: 'f16' }),
    900_000,
  );
});

test('every operation that the engine exports has its rows in the table', () => {
  const inTable = new Set(cases.map(({ operation }) => operation));
  const functions = Object.entries(sonde).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(functions.filter((name) => !inTable.has(name) && !(name in notOperations))).toEqual([]);
  expect([...inTable].filter((name) => !(name in operations) && !(name in stateful))).toEqual([]);
});

describe('a NaN is noticed', () => {
  // README's example: two layers, a mean square, Adam with clipped gradients; here with one NaN weight.
  const setUp = async () => {
    const [first, second] = [device.randn([2, 4], 1), device.randn([4, 1], 2)];
    const values = await first.data();
    values[1] = Number.NaN;
    first.write(values);
    const [x, y] = [device.randn([8, 2], 3), device.uniform([8, 1], 4)];
    return { parameters: [first, second] as const, x, y };
  };
  const lossOf = (x: Tensor, y: Tensor, [first, second]: readonly [Tensor, Tensor]) =>
    sonde.mean(sonde.square(sonde.sub(sonde.matmul(sonde.relu(sonde.matmul(x, first)), second), y)));

  test('by the loss of a training step, whose gradients are NaN as in PyTorch', async () => {
    const { parameters, x, y } = await setUp();
    const step = compile((a: Tensor, b: Tensor) => {
      const loss = lossOf(a, b, parameters);
      const { gradients: clipped, norm } = sonde.clipWithNorm(gradients(loss, [...parameters]), 1);
      return [loss, norm, ...clipped];
    });
    for (const result of await step(x, y))
      expect(new Set(classesOf(await result.data()).replace(/\d/g, ''))).toEqual(new Set('N'));
  });

  test.each(['loss', 'norm'] as const)('by onlyIfFinite with the %s, which leaves the step out', async (guard) => {
    const { parameters, x, y } = await setUp();
    const before = await Promise.all(parameters.map((parameter) => parameter.data()));
    const adam = new sonde.Adam();
    const step = compile((a: Tensor, b: Tensor) => {
      const loss = lossOf(a, b, parameters);
      const { gradients: clipped, norm } = sonde.clipWithNorm(gradients(loss, [...parameters]), 1);
      adam.update(parameters, clipped, 1e-2, { onlyIfFinite: guard === 'loss' ? loss : norm });
      return loss;
    });
    await step(x, y);
    expect(await Promise.all(parameters.map((parameter) => parameter.data()))).toEqual(before);
    expect((await adam.state()).count).toBe(0);
  });

  // A view computes nothing.
  const views = ['reshape', 'squeeze', 'unsqueeze', 'flatten'];
  const loud = pure.filter(({ operation, poisons }) => !views.includes(operation) && poisons.some(isLoud));
  test.each(loud.map((example) => [example.name, example] as const))(
    'by checked mode in %s',
    async (_name, example) => {
      const checked = await checkedDevice();
      const poison = example.poisons.find(isLoud);
      if (!poison) throw new Error('no poison');
      const drawn = poisoned(example, poison);
      const own = example.inputs.map(({ shape }, i) => checked.tensor(drawn[i], shape));
      const [result] = operations[example.operation](own, example.options);
      await expect(result.data()).rejects.toThrow(NumericError);
    },
  );
});

/** Whether a NaN in an input reaches the first result. */
function isLoud({ operand, value, results }: Poison): boolean {
  return operand !== 'upstream' && value === 'NaN' && results[0].includes('N');
}
