import type { ComponentChildren, VNode } from 'preact';
import type { DataCard, FolderSummary, SuspectPicture } from '../../train/describe/index.js';
import { describeSoftware } from '../../train/run-folder/index.js';
import { type Column, Name, Numbering, type Section, Table } from '../elements.js';
import { count, dateTime, fixed, listed, MISSING } from '../format.js';
import { renderPage } from '../page.js';
import { anglesFigure, positionsFigure } from './figures.js';
import { suspectsSection } from './suspects.js';

/** Groups of duplicates in the page; JSON has all of them. */
const GROUPS_SHOWN = 30;

/** The page about data sets: one HTML document, complete in itself. */
export function dataCardPage(card: DataCard, pictures: readonly SuspectPicture[] = []): string {
  const numbering = new Numbering();
  const { date, sonde, commit } = describeSoftware();
  const sections: Section[] = [
    { id: 'folders', title: 'Folders', body: foldersTable(card, numbering.table()) },
    { id: 'angles', title: 'Angle of progression', body: anglesFigure(card, numbering.figure()) },
    { id: 'landmarks', title: 'Landmarks', body: landmarks(card, numbering) },
    { id: 'duplicates', title: 'Duplicates', body: duplicates(card, numbering) },
    suspectsSection(card, pictures, numbering),
  ];
  return renderPage({
    title: `Data card of ${listed(card.data)}`,
    byline: `Labelled frames of intrapartum ultrasound. Written ${dateTime(date)}.`,
    lead: <Lead card={card} />,
    notes: [],
    sections,
    footer: `Made by sonde ${sonde}${commit ? ` (${commit})` : ''}. Research software: it is not a medical device.`,
  });
}

function Lead({ card }: { card: DataCard }): VNode {
  const { frames, folders, aop, duplicates: groups, labelNoise, apdOfMean } = card;
  const across = groups.filter((group) => group.across).length;
  const splits = (['train', 'validation', 'test'] as const).flatMap((split) => {
    const own = frames.filter((frame) => frame.split === split).length;
    return own === 0 ? [] : [`${own.toLocaleString('en-GB')} ${split === 'train' ? 'training' : split}`];
  });
  const sentences = [
    `${count(frames.length, 'labelled frame')} in ${count(folders.length, 'folder')}: ${listed(splits)}.`,
    aop
      ? `The angle of progression is ${fixed(aop.mean, 1)}° on average, from ${fixed(aop.min, 1)}° to ${fixed(aop.max, 1)}°.`
      : 'No frame has an angle of progression.',
    `Predicting the mean landmarks for every frame has an APD of ${fixed(apdOfMean, 1)} px: a model has to do better.`,
    groups.length === 0
      ? 'No picture is there twice.'
      : `${count(groups.length, 'group')} of frames ${groups.length === 1 ? 'shows' : 'show'} nearly the same picture; ${across === 0 ? 'none is' : `${across} of them ${across === 1 ? 'is' : 'are'}`} spread over splits or data sets.`,
    ...(labelNoise
      ? [
          `${count(labelNoise.suspects.length, 'label')} of ${labelNoise.frames} look suspicious to cross-validated models.`,
        ]
      : []),
  ];
  return (
    <ul class="lead">
      {sentences.map((sentence) => (
        <li>{sentence}</li>
      ))}
    </ul>
  );
}

interface FolderColumn extends Column {
  readonly cell: (folder: FolderSummary) => ComponentChildren;
  /** Whether any folder has something to say there. */
  readonly used?: (folder: FolderSummary) => boolean;
}

function foldersTable({ folders }: DataCard, number: number): VNode {
  const several = new Set(folders.map(({ set }) => set)).size > 1;
  const all: readonly FolderColumn[] = [
    { header: 'Folder', cell: ({ set, folder }) => <Name>{several ? `${set}/${folder}` : folder}</Name> },
    { header: 'Split', text: true, cell: ({ split }) => split },
    { header: 'Frames', cell: ({ frames }) => frames.toLocaleString('en-GB') },
    { header: 'Size', unit: 'px', text: true, cell: ({ sizes }) => values(sizes) },
    { header: 'Format', text: true, cell: ({ formats }) => values(formats) },
    {
      header: 'Machine',
      text: true,
      cell: ({ devices }) => (devices.length === 0 ? MISSING : <Name>{values(devices)}</Name>),
      used: ({ devices }) => devices.length > 0,
    },
    {
      header: 'Spacing',
      unit: 'mm per px',
      cell: ({ spacing }) => (spacing ? spacingText(spacing) : MISSING),
      used: ({ spacing }) => spacing !== undefined,
    },
    { header: 'Grey', cell: ({ grey }) => fixed(255 * grey, 0) },
    {
      header: 'AoP',
      unit: 'mean ± sd, degrees',
      cell: ({ aop }) => (aop ? `${fixed(aop.mean, 1)} ± ${fixed(aop.sd, 1)}` : MISSING),
    },
    {
      header: 'AoP',
      unit: 'range, degrees',
      cell: ({ aop }) => (aop ? `${fixed(aop.min, 0)} to ${fixed(aop.max, 0)}` : MISSING),
    },
  ];
  const columns = all.filter(({ used }) => used === undefined || folders.some(used));
  const machines = columns.some(({ header }) => header === 'Machine')
    ? 'Machines are those that DICOM files name.'
    : 'The files do not say which machine they are from.';
  return (
    <Table
      number={number}
      title="Folders of images"
      caption={`Grey is the mean over all pixels, of 255. ${machines}`}
      columns={columns}
      rows={folders.map((own) => columns.map(({ cell }) => cell(own)))}
    />
  );
}

function spacingText({ low, high }: { low: number; high: number }): string {
  return low === high ? fixed(low, 3) : `${fixed(low, 3)} to ${fixed(high, 3)}`;
}

function values(all: DataCard['folders'][number]['sizes']): string {
  if (all.length === 1) return all[0].value;
  const shown = all.slice(0, 3).map(({ value, count: number }) => `${value} (${number})`);
  return [...shown, ...(all.length > 3 ? [`${all.length - 3} others`] : [])].join(', ');
}

function landmarks(card: DataCard, numbering: Numbering): VNode {
  const { positions, apdOfMean } = card;
  return (
    <>
      {positionsFigure(card, numbering.figure())}
      <Table
        number={numbering.table()}
        title="Positions of the landmarks"
        caption={`Pixels of a 512 px frame. Their means, predicted for every frame, have an APD of ${fixed(apdOfMean, 2)} px.`}
        columns={[
          { header: 'Landmark' },
          { header: 'x', unit: 'mean ± sd' },
          { header: 'x', unit: 'range' },
          { header: 'y', unit: 'mean ± sd' },
          { header: 'y', unit: 'range' },
          { header: 'Correlation', unit: 'of x and y' },
        ]}
        rows={(['ps1', 'ps2', 'fh1'] as const).map((name) => {
          const { mean, sd, low, high, correlation } = positions[name];
          const axis = (which: 'x' | 'y') => [
            `${fixed(mean[which], 1)} ± ${fixed(sd?.[which], 1)}`,
            `${fixed(low[which], 0)} to ${fixed(high[which], 0)}`,
          ];
          return [name.toUpperCase(), ...axis('x'), ...axis('y'), fixed(correlation)];
        })}
        kind="narrow"
      />
    </>
  );
}

function duplicates({ duplicates: groups }: DataCard, numbering: Numbering): VNode {
  if (groups.length === 0) return <p>No two frames are identical or nearly the same picture.</p>;
  const shown = groups.slice(0, GROUPS_SHOWN);
  const rest = groups.length - shown.length;
  return (
    <Table
      number={numbering.table()}
      title="Groups of frames that show nearly the same picture"
      caption={
        'Frames whose perceptual hashes differ in at most 45 of 255 bits, mirrored copies included, and those connected ' +
        'through others. Groups over several splits or data sets stand out: scores on their frames are flattered. The last ' +
        `column is the most by which two labels of a group differ, on average over the landmarks.${rest > 0 ? ` ${rest} more groups are in the JSON.` : ''}`
      }
      columns={[
        { header: 'Frames', text: true },
        { header: 'Number' },
        { header: 'Kind', text: true },
        { header: 'Where', text: true },
        { header: 'Labels apart', unit: 'px' },
      ]}
      rows={shown.map(({ files, identical, across, labels }) => [
        <Name>{`${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`}</Name>,
        String(files.length),
        identical ? 'identical files' : 'nearly the same',
        across ? 'across splits or sets' : 'one split',
        fixed(labels.most, 1),
      ])}
      marked={(row) => shown[row]?.across ?? false}
    />
  );
}
