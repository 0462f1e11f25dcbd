import type { VNode } from 'preact';
import { Table } from '../elements.js';
import { fixed } from '../format.js';

interface PublishedRow {
  readonly model: string;
  readonly apd: number;
  readonly aop: number;
  readonly landmarks?: readonly [ps1: number, ps2: number, fh1: number];
}

/** On the 501 test frames of IUGC 2025: the best known results, and the paper's Table 1. */
const PUBLISHED: readonly PublishedRow[] = [
  { model: 'Best known', apd: 11.67, aop: 3.81 },
  { model: 'Second best known', apd: 12.79, aop: 4.46 },
  { model: 'Third best known', apd: 13.16, aop: 4.42 },
  { model: 'DSNT-DeepUNet (the paper)', apd: 14.77, aop: 4.7, landmarks: [9.06, 11.57, 23.69] },
  { model: 'Deep-UNet (the paper)', apd: 15.4, aop: 5.92 },
  { model: 'U-Net (the paper)', apd: 21.83, aop: 8.37 },
];

/** Stands apart from the runs' own scores, and says why. */
export function PublishedTable({ number }: { number: number }): VNode {
  return (
    <Table
      number={number}
      title="Published results"
      caption={
        <>
          What others have published for the 501 real test frames of the IUGC 2025 challenge, for orientation.{' '}
          <b>Synthetic scores are never compared with these.</b>
        </>
      }
      columns={[
        { header: 'Model' },
        { header: 'APD', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
        { header: 'PS1', unit: 'px' },
        { header: 'PS2', unit: 'px' },
        { header: 'FH1', unit: 'px' },
      ]}
      rows={PUBLISHED.map(({ model, apd, aop, landmarks }) => {
        return [model, fixed(apd), fixed(aop), fixed(landmarks?.[0]), fixed(landmarks?.[1]), fixed(landmarks?.[2])];
      })}
      kind="apart"
    />
  );
}
