import type { FusionGroup } from '../../engine/fusion.js';
import type { Operation, TensorSpec } from '../../engine/index.js';
import { sizeOf } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import { definitionOf, type PointwiseAttributes, type PointwiseDefinition } from './definition.js';
import source from './fused.wgsl';

/** One operation that computes a chain of pointwise ones. Recorded by the planner, so it has no gradient of its own. */
export function fusedOperation({ inputs, members }: FusionGroup): Operation {
  const definitions = members.map(({ operation }) => definitionOf(operation));
  const name = definitions.map((definition) => definition.name).join('+');
  const parameters = members.flatMap((_, m) => [`p${m}`, `q${m}`]);
  const fusedUniforms = uniforms({
    ...({ count: 'u32', single: 'u32', zero: 'i32' } as const),
    ...Object.fromEntries(parameters.map((parameter) => [parameter, 'f32' as const])),
  });
  const constantsFor = (operands: readonly TensorSpec[]) => {
    const typed = (k: number) => `array<vec4<${operands[k].dtype}>>`;
    return {
      NAME: name,
      BINDINGS: [
        ...Array.from(
          { length: inputs },
          (_, k) => `@group(0) @binding(${k + 1}) var<storage, read> x${k}: ${typed(k)};`,
        ),
        `@group(0) @binding(${inputs + 1}) var<storage, read_write> result: ${typed(inputs)};`,
      ].join('\n'),
      FUNCTIONS: [...new Set(definitions)].map(functionOf).join('\n'),
      STEPS: [
        ...Array.from({ length: inputs }, (_, k) => loadOf(k)),
        ...members.map(({ operands }, m) => {
          const args = [0, 1, 2].map((k) => {
            if (operands[k] === undefined) return 'T(0.0)';
            const again = operands.indexOf(operands[k]) < k;
            return again ? `hidden(v${operands[k]}, ${k + 1})` : `v${operands[k]}`;
          });
          const value = `${nameOf(definitions[m])}(${args.join(', ')}, T(uniforms.p${m}), T(uniforms.q${m}))`;
          return `let v${inputs + m} = ${m === members.length - 1 ? value : `hidden(${value}, 1)`};`;
        }),
        `result[i] = vec4<${operands[inputs].dtype}>(v${inputs + members.length - 1});`,
      ].join('\n  '),
    };
  };
  return {
    name,
    shape: (specs) => [specs[0]],
    lower(lowering, values, [result]) {
      const count = sizeOf(result.shape);
      const vectors = Math.ceil(count / 4);
      let single = 0;
      for (const [k, value] of values.entries()) if (sizeOf(value.shape) === 1) single |= 1 << k;
      const given = members.flatMap(({ attributes }, m) => {
        const { p0 = 0, p1 = 0 } = attributes as PointwiseAttributes;
        return [[`p${m}`, p0] as const, [`q${m}`, p1] as const];
      });
      lowering.dispatch({
        label: name,
        ...kernel(withNan(source, 'vec4f'), {
          constants: constantsFor([...values, result]),
          uniforms: fusedUniforms({ count: vectors, single, zero: 0, ...Object.fromEntries(given) }),
        }),
        bindings: [...values, result],
        writes: [values.length],
        workgroups: linearGrid(vectors),
        flops: count * members.length,
      });
    },
  };
}

/** A prefix keeps clear of WGSL's own functions, which the bodies call. */
function nameOf({ name }: PointwiseDefinition): string {
  return `op_${name.replace(/\W/g, '_')}`;
}

function functionOf(definition: PointwiseDefinition): string {
  return `fn ${nameOf(definition)}(x: T, y: T, z: T, p0: T, p1: T) -> T {\n  ${definition.body}\n}`;
}

function loadOf(k: number): string {
  const bit = `(uniforms.single & ${1 << k}u) != 0u`;
  return `var v${k} = T(x${k}[select(i, 0u, ${bit})]); if (${bit}) { v${k} = T(v${k}.x); }`;
}
