/** Ways to mirror a frame: left-right and top-bottom. */
export const FLIPS = ['horizontal', 'vertical'] as const;
export type Flip = (typeof FLIPS)[number];
