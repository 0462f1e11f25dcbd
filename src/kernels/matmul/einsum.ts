import { reshape, ShapeError, sizeOf, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatShape } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { sum } from '../broadcast/broadcast.js';
import { transpose } from '../movement/movement.js';
import { slice } from '../movement/slice.js';
import { matmul } from './matmul.js';

const einsumTakes = signature('einsum', { equation: kinds.text, operands: kinds.tensors });

/** A tensor whose axes have letters. */
interface Named {
  readonly x: Tensor;
  readonly letters: string;
}

/**
 * Products of tensors summed over axes, by Einstein's notation: each operand's axes are letters, and letters that the
 * result does not have are summed over, as in `einsum('bik,bkj->bij', [a, b])`. Letters that repeat within an operand
 * take its diagonal. Operands meet from left to right, each pair in one batched matrix product. Counterpart:
 * torch.einsum, without "...".
 *
 * @param equation Letters of the operands, with commas between them, then "->" and those of the result. Without "->"
 *   the result has the letters that occur once, in alphabetical order.
 * @throws ShapeError for an equation that does not fit the operands
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  einsumTakes(arguments);
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (!/^[a-zA-Z,]*(->[a-zA-Z]*)?$/.test(equation.replaceAll(' ', '')) || terms.length !== operands.length) {
    throw new ShapeError(
      `einsum: "${equation}" does not describe ${operands.length} operands; write letters for each, with commas between them, as in ` +
        '"ik,kj->ij".',
    );
  }
  const all = [...new Set(left.replaceAll(',', ''))].sort();
  const result = right ?? all.filter((letter) => left.split(letter).length === 2).join('');
  if (new Set(result).size !== result.length || [...result].some((letter) => !all.includes(letter))) {
    throw new ShapeError(
      `einsum: the result "${result}" of "${equation}" must have letters of the operands, each once.`,
    );
  }
  checkExtents(equation, terms, operands);
  let [first, ...rest] = terms.map((letters, i) => diagonal({ x: operands[i], letters }));
  for (let next = rest.shift(); next; next = rest.shift()) {
    const wanted = new Set([result, ...rest.map(({ letters }) => letters)].join(''));
    first = contract(withoutLone(first, wanted, next.letters), withoutLone(next, wanted, first.letters), wanted);
  }
  const { x, letters } = withoutLone(first, new Set(result), '');
  return transpose(x, { axes: [...result].map((letter) => letters.indexOf(letter)) });
}

function checkExtents(equation: string, terms: readonly string[], operands: readonly Tensor[]): void {
  const extents = new Map<string, number>();
  for (const [i, letters] of terms.entries()) {
    const { shape } = operands[i];
    if (letters.length !== shape.length) {
      throw new ShapeError(
        `einsum: "${letters}" in "${equation}" names ${letters.length} axes, and operand ${i} has ${shape.length} (${formatShape(shape)}).`,
      );
    }
    for (const [axis, letter] of [...letters].entries()) {
      const known = extents.get(letter) ?? shape[axis];
      extents.set(letter, known);
      if (known === shape[axis]) continue;
      throw new ShapeError(`einsum: "${letter}" in "${equation}" is ${known} and, in operand ${i}, ${shape[axis]}.`);
    }
  }
}

/** With every letter once: of two equal axes [n, n] the diagonal is every (n + 1)th element. */
function diagonal({ x, letters }: Named): Named {
  const again = [...letters].findIndex((letter, axis) => letters.indexOf(letter) !== axis);
  if (again < 0) return { x, letters };
  const first = letters.indexOf(letters[again]);
  const others = [...letters].map((_, axis) => axis).filter((axis) => axis !== first && axis !== again);
  const extents = others.map((axis) => x.shape[axis]);
  const extent = x.shape[first];
  const flat = reshape(transpose(x, { axes: [...others, first, again] }), [...extents, extent * extent]);
  const taken = slice(flat, { step: [...extents.map(() => 1), extent + 1] });
  return diagonal({ x: taken, letters: others.map((axis) => letters[axis]).join('') + letters[again] });
}

/** Sums over axes that neither the rest of the equation nor the other operand has. */
function withoutLone({ x, letters }: Named, wanted: ReadonlySet<string>, other: string): Named {
  const lone = [...letters].flatMap((letter, axis) => (wanted.has(letter) || other.includes(letter) ? [] : [axis]));
  if (lone.length === 0) return { x, letters };
  return { x: sum(x, { axes: lone }), letters: [...letters].filter((_, axis) => !lone.includes(axis)).join('') };
}

/** One matrix product [batch, rows, summed] × [batch, summed, columns]. */
function contract(a: Named, b: Named, wanted: ReadonlySet<string>): Named {
  const shared = [...a.letters].filter((letter) => b.letters.includes(letter));
  const [batch, summed] = [shared.filter((l) => wanted.has(l)), shared.filter((l) => !wanted.has(l))];
  const [rows, columns] = [a, b].map(({ letters }) => [...letters].filter((letter) => !shared.includes(letter)));
  const arranged = ({ x, letters }: Named, groups: readonly (readonly string[])[]) => {
    const axes = groups.map((group) => group.map((letter) => letters.indexOf(letter)));
    const extents = axes.map((group) => sizeOf(group.map((axis) => x.shape[axis])));
    return reshape(transpose(x, { axes: axes.flat() }), extents);
  };
  const product = matmul(arranged(a, [batch, rows, summed]), arranged(b, [batch, summed, columns]));
  const letters = [...batch, ...rows, ...columns].join('');
  const extentOf = (letter: string) => {
    const { x, letters: own } = a.letters.includes(letter) ? a : b;
    return x.shape[own.indexOf(letter)];
  };
  return { x: reshape(product, [...letters].map(extentOf)), letters };
}
