import type { FusionGroup } from '../../engine/fusion.js';
import type { Operation, TensorSpec } from '../../engine/index.js';
import { type DType, isFloat, sizeOf, storageType } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import {
  type Arithmetic,
  bodyOf,
  definitionOf,
  functionsOf,
  type PointwiseAttributes,
  type PointwiseDefinition,
  typesOf,
} from './definition.js';
import source from './fused.wgsl';

/** One operation that computes a chain of pointwise ones. Recorded by the planner, so it has no gradient of its own. */
export function fusedOperation({ inputs, members }: FusionGroup): Operation {
  const definitions = members.map(({ operation }) => definitionOf(operation));
  const name = definitions.map((definition) => definition.name).join('+');
  const attributesOf = (m: number) => members[m].attributes as PointwiseAttributes;
  /** The types of inputs and members' results, and what each member computes in. */
  const typed = (given: readonly TensorSpec[]) => {
    const specs = [...given];
    const arithmetic = members.map(({ operands, operation, attributes }, m) => {
      const own = operands.map((k) => specs[k]);
      specs.push(operation.shape(own, attributes)[0]);
      return typesOf(definitions[m], own, attributesOf(m)).arithmetic;
    });
    return { types: specs.map(({ dtype }) => dtype), arithmetic };
  };
  const sourceFor = (operands: readonly TensorSpec[], result: TensorSpec) => {
    const { types, arithmetic } = typed(operands);
    const array = ({ dtype }: TensorSpec) => `array<vec4<${storageType(dtype)}>>`;
    const inFloats = definitions.filter((_, m) => arithmetic[m] === 'f32');
    const functions = members.map((_, m) => functionOf(definitions[m], arithmetic[m]));
    const constants = {
      NAME: name,
      BINDINGS: [
        ...operands.map((operand, k) => `@group(0) @binding(${k + 1}) var<storage, read> x${k}: ${array(operand)};`),
        `@group(0) @binding(${inputs + 1}) var<storage, read_write> result: ${array(result)};`,
      ].join('\n'),
      FUNCTIONS: [...new Set(functions)].join('\n'),
      STEPS: [
        ...operands.map(({ dtype }, k) => loadOf(k, registerOf(dtype))),
        ...members.map(({ operands: own }, m) => {
          const type = vectorOf(arithmetic[m]);
          const args = [0, 1, 2].map((k) => {
            if (own[k] === undefined) return `${type}(0)`;
            const value = `v${own[k]}`;
            const found = registerOf(types[own[k]]);
            if (found !== type) return `${type}(${value})`;
            const again = own.indexOf(own[k]) < k;
            return again && type === 'T' ? `hidden(${value}, ${k + 1})` : value;
          });
          const value = `${nameOf(definitions[m], arithmetic[m])}(${args.join(', ')}, ${type}(uniforms.p${m}), ${type}(uniforms.q${m}))`;
          const kept = keptAs(types[inputs + m], definitions[m], value);
          return `let v${inputs + m} = ${m === members.length - 1 || !isFloat(types[inputs + m]) ? kept : `hidden(${kept}, 1)`};`;
        }),
        `result[i] = vec4<${storageType(result.dtype)}>(v${inputs + members.length - 1});`,
      ].join('\n  '),
    };
    return { text: `${source}\n${functionsOf(inFloats)}`, constants, arithmetic };
  };
  return {
    name,
    shape: (specs) => [specs[0]],
    lower(lowering, values, [result]) {
      const count = sizeOf(result.shape);
      const vectors = Math.ceil(count / 4);
      let single = 0;
      for (const [k, value] of values.entries()) if (sizeOf(value.shape) === 1) single |= 1 << k;
      const { text, constants, arithmetic } = sourceFor(values, result);
      const parameters = members.flatMap((_, m) => {
        const { p0 = 0, p1 = 0 } = attributesOf(m);
        return [[`p${m}`, arithmetic[m], p0] as const, [`q${m}`, arithmetic[m], p1] as const];
      });
      const fusedUniforms = uniforms({
        ...({ count: 'u32', single: 'u32', zero: 'i32' } as const),
        ...Object.fromEntries(parameters.map(([parameter, type]) => [parameter, type])),
      });
      lowering.dispatch({
        label: name,
        ...kernel(withNan(text, 'vec4f'), {
          constants,
          uniforms: fusedUniforms({
            ...{ count: vectors, single, zero: 0 },
            ...Object.fromEntries(parameters.map(([parameter, , value]) => [parameter, value])),
          }),
        }),
        bindings: [...values, result],
        writes: [values.length],
        workgroups: linearGrid(vectors),
        flops: count * members.length,
      });
    },
  };
}

/** Four values in registers: floats are T, truth values 0 and 1. */
function registerOf(dtype: DType): string {
  return vectorOf(isFloat(dtype) ? 'f32' : dtype === 'i32' ? 'i32' : 'u32');
}

function vectorOf(arithmetic: Arithmetic): string {
  return arithmetic === 'f32' ? 'T' : `vec4<${arithmetic}>`;
}

/** A member's result as it stays in registers. */
function keptAs(dtype: DType, { predicate }: PointwiseDefinition, value: string): string {
  if (dtype !== 'bool') return value;
  return predicate ? `vec4u(${value})` : `vec4u(${value} != vec4u(0u))`;
}

/** A prefix keeps clear of WGSL's own functions, which the bodies call. */
function nameOf({ name }: PointwiseDefinition, arithmetic: Arithmetic): string {
  return `op_${name.replace(/\W/g, '_')}${arithmetic === 'f32' ? '' : `_${arithmetic}`}`;
}

function functionOf(definition: PointwiseDefinition, arithmetic: Arithmetic): string {
  const type = vectorOf(arithmetic);
  const body = bodyOf(definition, arithmetic).replace(/\bT\b/g, type);
  const result = definition.predicate ? 'vec4<bool>' : type;
  const parameters = ['x', 'y', 'z', 'p0', 'p1'].map((parameter) => `${parameter}: ${type}`).join(', ');
  return `fn ${nameOf(definition, arithmetic)}(${parameters}) -> ${result} {\n  ${body}\n}`;
}

function loadOf(k: number, type: string): string {
  const bit = `(uniforms.single & ${1 << k}u) != 0u`;
  return `var v${k} = ${type}(x${k}[select(i, 0u, ${bit})]); if (${bit}) { v${k} = ${type}(v${k}.x); }`;
}
