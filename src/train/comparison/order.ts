import type { ComparedModel, Order, OverSeeds } from './schema.js';

/** Table 1 of the paper, the greatest error first, and what it says there. */
const PAPER = [
  { architecture: 'u-net', title: 'U-Net' },
  { architecture: 'deep-unet', title: 'Deep-UNet' },
  { architecture: 'dsnt-deep-unet', title: 'DSNT-DeepUNet' },
] as const;

/**
 * How a statement about the paper's order begins: with the whole of it, or with the part that the models can say
 * something about.
 */
export function paperOrderInWords(models: readonly Pick<ComparedModel, 'architecture'>[]): string {
  const order = (rows: readonly (typeof PAPER)[number][]) => rows.map(({ title }) => title).join(' > ');
  const here = PAPER.filter(({ architecture }) => models.some((model) => model.architecture === architecture));
  if (here.length === PAPER.length) return `The paper’s order of errors, ${order(PAPER)},`;
  const missing = PAPER.filter((row) => !here.includes(row)).map(({ title }) => title);
  return `Of the paper’s order of errors, ${order(PAPER)}, the part without ${listed(missing)}, which was not trained here, ${order(here)},`;
}

const listed = (titles: readonly string[]) => new Intl.ListFormat('en-GB').format(titles);

const SCORES = [
  { score: 'apd', title: 'APD', unit: ' px' },
  { score: 'aopMae', title: 'AoP', unit: '°' },
] as const;

/** Standard errors of a difference beyond which the seeds alone hardly explain it. */
const CLEAR = 2;

interface Ranked {
  readonly title: string;
  readonly rank: number;
  readonly score: OverSeeds;
  readonly seeds: number;
}

/**
 * Whether models of different architectures err in the order of the paper's Table 1: U-Net most, then Deep-UNet, then
 * DSNT-DeepUNet. Every pair out of that order is named with its difference, and whether the spread over seeds explains
 * it.
 *
 * @returns an order for APD and one for the angle; none for a single architecture
 */
export function paperOrders(models: readonly ComparedModel[]): Order[] {
  if (new Set(models.map(({ architecture }) => architecture)).size < 2) return [];
  return SCORES.flatMap(({ score, title, unit }) => {
    const ranked = models.flatMap((model): Ranked[] => {
      const own = model[score];
      const rank = PAPER.findIndex(({ architecture }) => architecture === model.architecture);
      return own ? [{ title: titleOf(model, models), rank, score: own, seeds: model.runs.length }] : [];
    });
    if (ranked.length < models.length) return [];
    const found = [...ranked].sort((a, b) => b.score.mean - a.score.mean);
    const list = found.map((one) => `${one.title} ${one.score.mean.toFixed(2)}${unit}`).join(' > ');
    const pairs = ranked.flatMap((worse) =>
      ranked.filter(({ rank }) => rank > worse.rank).map((better) => [worse, better]),
    );
    const swapped = pairs.filter(([worse, better]) => worse.score.mean <= better.score.mean);
    const close = pairs.filter(([worse, better]) => worse.score.mean > better.score.mean && !isClear(worse, better));
    const verdict = swapped.length === 0 ? 'reproduced' : 'not reproduced';
    const remarks = [
      ...swapped.map(([worse, better]) => swapRemark(worse, better, unit)),
      ...close.map(([worse, better]) => closeRemark(worse, better, unit)),
    ];
    const statement = `${verdict} in ${title} (${list}${remarks.length === 0 ? '' : `; ${remarks.join('; ')}`})`;
    const names = [...models].sort((a, b) => meanOf(b, score) - meanOf(a, score)).map(({ name }) => name);
    return [{ score, reproduced: swapped.length === 0, found: names, statement }];
  });
}

/** One sentence. */
export function conclusionOf(orders: readonly Order[], models: readonly Pick<ComparedModel, 'architecture'>[]): string {
  if (orders.length === 0)
    return 'The configurations have one architecture, on which the order of the paper says nothing.';
  return `${paperOrderInWords(models)} is ${orders.map(({ statement }) => statement).join(', and ')}.`;
}

/** The architecture's name, or the configuration's where several have that architecture. */
export function titleOf(model: ComparedModel, models: readonly ComparedModel[]): string {
  const alike = models.filter(({ architecture }) => architecture === model.architecture);
  const paper = PAPER.find(({ architecture }) => architecture === model.architecture);
  return alike.length > 1 || !paper ? model.name : paper.title;
}

function swapRemark(worse: Ranked, better: Ranked, unit: string): string {
  const doubtful = worse.seeds < 2 ? 'which a single seed cannot confirm' : 'which lies within the spread over seeds';
  const how = isClear(worse, better) ? 'clearly beyond the spread over seeds' : doubtful;
  return `${better.title} errs by ${gap(worse, better, unit)} more than ${worse.title}, ${how}`;
}

function closeRemark(worse: Ranked, better: Ranked, unit: string): string {
  const doubtful = worse.seeds < 2 ? 'cannot be confirmed by a single seed' : 'lie within the spread over seeds';
  return `the ${gap(worse, better, unit)} between ${worse.title} and ${better.title} ${doubtful}`;
}

/** Whether the means differ by more than seeds explain: by two standard errors (Welch). */
function isClear(a: Ranked, b: Ranked): boolean {
  if (a.score.sd === undefined || b.score.sd === undefined) return false;
  const standardError = Math.sqrt(a.score.sd ** 2 / a.seeds + b.score.sd ** 2 / b.seeds);
  return Math.abs(a.score.mean - b.score.mean) > CLEAR * standardError;
}

function gap(a: Ranked, b: Ranked, unit: string): string {
  return `${Math.abs(a.score.mean - b.score.mean).toFixed(2)}${unit}`;
}

function meanOf(model: ComparedModel, score: 'apd' | 'aopMae'): number {
  return model[score]?.mean ?? 0;
}
