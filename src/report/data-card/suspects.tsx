import type { VNode } from 'preact';
import type { DataCard, LabelNoise, Suspect, SuspectPicture } from '../../train/describe/index.js';
import { Name, type Numbering, type Section, Table } from '../elements.js';
import { count, fixed, listed } from '../format.js';

/** Suspicious labels in the table; JSON has all of them. */
const SHOWN = 40;

/** Labels to look at again. */
export function suspectsSection(
  { labelNoise }: DataCard,
  pictures: readonly SuspectPicture[],
  numbering: Numbering,
): Section {
  const body = labelNoise ? (
    found(labelNoise, pictures, numbering)
  ) : (
    <p>
      Labels were not compared with models. <code>npm run cross-validate</code> trains models that have not seen the
      frames they are asked about, and <code>npm run describe</code> with <code>--cross-validation</code> and that
      folder shows which labels they contradict.
    </p>
  );
  return { id: 'labels', title: 'Suspicious labels', body };
}

function found(noise: LabelNoise, pictures: readonly SuspectPicture[], numbering: Numbering): VNode {
  const { suspects, frames, unknown, fences, crossValidations } = noise;
  const limits = (['ps1', 'ps2', 'fh1'] as const).map((name) => `${name.toUpperCase()} ${fixed(fences[name], 1)} px`);
  const shown = suspects.slice(0, SHOWN);
  return (
    <>
      <p>
        A label is suspicious if every model that was not trained on its frame sees a landmark farther away than the
        third quartile of such distances plus three times the interquartile range ({listed(limits)}), and if the models
        agree with each other. {count(frames, 'frame')} were compared, with{' '}
        {count(crossValidations.length, 'cross-validation')}
        {unknown > 0 ? `; ${count(unknown, 'other frame')} had no held-out prediction` : ''}. A suspicious label is not
        always wrong: some are frames that models find difficult.
      </p>
      {shown.length === 0 ? (
        <p>No label is suspicious.</p>
      ) : (
        <>
          {pictures.length > 0 && gallery(pictures, suspects)}
          <Table
            number={numbering.table()}
            title="Labels to look at again"
            caption={`Distance of the label from where the models see the landmark, px of a 512 px frame; in bold if it is suspicious. The most suspicious come first.${suspects.length > SHOWN ? ` ${suspects.length - SHOWN} more are in the JSON.` : ''}`}
            columns={[
              { header: 'Frame' },
              { header: 'PS1', unit: 'px' },
              { header: 'PS2', unit: 'px' },
              { header: 'FH1', unit: 'px' },
              { header: 'Remark', text: true },
            ]}
            rows={shown.map((one) => [
              <Name>{one.file}</Name>,
              ...(['ps1', 'ps2', 'fh1'] as const).map((name) => {
                const text = fixed(one.distances[name], 1);
                return one.landmarks.includes(name) ? <b>{text}</b> : text;
              }),
              one.swapped ? 'PS1 and PS2 look exchanged' : '',
            ])}
          />
        </>
      )}
    </>
  );
}

function gallery(pictures: readonly SuspectPicture[], suspects: readonly Suspect[]): VNode {
  return (
    <>
      <p>Solid lines are what the models predict, dashed green ones are the label.</p>
      <div class="gallery">
        {pictures.map(({ file, png }) => {
          const suspect = suspects.find((one) => one.file === file);
          const names = listed((suspect?.landmarks ?? []).map((name) => name.toUpperCase()));
          return (
            <figure>
              <img
                src={`data:image/png;base64,${Buffer.from(png).toString('base64')}`}
                alt={`Frame ${file} with the prediction of the models and its label, which differ in ${names}.`}
              />
              <figcaption>
                <Name>{file}</Name>
                <br />
                {names}
                {suspect?.swapped ? ': PS1 and PS2 look exchanged' : ''}
              </figcaption>
            </figure>
          );
        })}
      </div>
    </>
  );
}
