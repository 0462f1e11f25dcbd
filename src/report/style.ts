/** The look of a report: that of a journal's supplementary page, on a screen by day and by night and on paper. */
const LIGHT = `
  --paper: #fdfdfb; --ink: #1b1e23; --muted: #59616c; --rule: #d5d8dd; --band: #f1f1ee; --mark: #fbf1d3;
  --series-1: #1d5c9e; --series-2: #b8501a; --series-3: #2a7a57; --series-4: #863c8c; --series-5: #7c6210; --series-6: #4f5863;`;
const DARK = `
  --paper: #15181c; --ink: #e4e6e9; --muted: #9ca5b0; --rule: #363d46; --band: #1e2329; --mark: #3a331c;
  --series-1: #7db3ec; --series-2: #f0a072; --series-3: #79c8a2; --series-4: #d69bdc; --series-5: #d8bd6c; --series-6: #aab4c0;`;

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { font: 400 16px/1.55 Inter, system-ui, sans-serif; background: var(--paper); color: var(--ink); }
body { margin: 0 auto; padding: 3.5rem 2rem 5rem; max-width: 66rem; }
h1, h2, h3 { font-weight: 600; line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1.9rem; letter-spacing: -0.018em; margin: 0 0 0.6rem; }
h2 { font-size: 1.3rem; letter-spacing: -0.012em; margin: 3.6rem 0 1rem; padding-top: 0.9rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 2.2rem 0 0.6rem; }
p, ul { max-width: 44rem; margin: 0 0 1rem; }
a { color: var(--series-1); text-underline-offset: 0.15em; }
.byline { color: var(--muted); font-size: 0.9rem; margin-bottom: 1.8rem; max-width: none; }
.lead { list-style: none; padding: 0; max-width: 50rem; margin-bottom: 1.8rem; }
.lead li { padding-left: 1.6em; text-indent: -1.6em; margin-bottom: 0.4rem; }
.lead .key { width: 1.32em; text-indent: 0; }
.kind { break-inside: avoid; }
.kind p { font-size: 0.86rem; color: var(--muted); margin: 1.2rem 0 0; }
.caution { color: var(--muted); font-size: 0.9rem; }
nav ol { columns: 3 12rem; column-gap: 2rem; padding: 0; margin: 0; list-style: none; font-size: 0.9rem; }
nav li { break-inside: avoid; padding: 0.12rem 0; }
nav a { text-decoration: none; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
.notes { border-left: 3px solid var(--series-2); padding: 0.1rem 0 0.1rem 1.1rem; margin: 1.6rem 0; }
.notes h2 { font-size: 1rem; margin: 0.4rem 0; padding: 0; border: 0; }
.notes ul { padding-left: 1.1rem; font-size: 0.9rem; max-width: none; overflow-wrap: anywhere; }

.name { overflow-wrap: anywhere; }
.key { display: inline-block; min-width: 1.1em; }
figure { margin: 1.6rem 0 2.4rem; break-inside: avoid; }
figcaption { font-size: 0.86rem; line-height: 1.5; color: var(--muted); text-align: left; }
figcaption { max-width: 52rem; margin-top: 0.5rem; }
figcaption b { color: var(--ink); font-weight: 600; }
.panels { display: grid; gap: 0.9rem 1.6rem; }
.columns-2 { grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.columns-1 { grid-template-columns: minmax(0, 1fr); }
.panel { min-width: 0; max-width: 36rem; }
.columns-1 .panel { max-width: none; }
.plot { display: block; width: 100%; height: auto; overflow: visible; font-family: inherit; font-size: 11.5px; }
.plot text { white-space: pre; }
.panel p { font-size: 0.8rem; font-weight: 600; margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; list-style: none; padding: 0; margin: 0 0 0.6rem; max-width: none; font-size: 0.86rem; }
.legends { display: flex; flex-wrap: wrap; column-gap: 1.6rem; }
.legend svg { vertical-align: middle; margin-right: 0.5rem; }

.table { margin: 1.4rem 0 2.4rem; }
.table figcaption { margin: 0 0 0.7rem; }
.scroll { overflow-x: auto; margin: 0 -0.6rem; padding: 0 0.6rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
thead th { font-weight: 600; vertical-align: bottom; border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); }
th, td { padding: 0.45rem 0.7rem; text-align: right; vertical-align: top; font-weight: 400; }
th:first-child, .text { text-align: left; }
/* Figures of equal width make a hyphen as wide as a digit. */
.name, .text, td .unit { font-variant-numeric: normal; }
thead .name { overflow-wrap: break-word; }
.date { white-space: nowrap; }
th:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
td { white-space: nowrap; }
td.text { white-space: normal; overflow-wrap: break-word; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
tbody th { min-width: 8rem; }
.unit, .interval { display: block; font-weight: 400; color: var(--muted); font-size: 0.92em; white-space: nowrap; }
.marked > * { background: var(--mark); }
.marked > :first-child { box-shadow: -0.6rem 0 var(--mark); }
.marked > :last-child { box-shadow: 0.6rem 0 var(--mark); }
dl.settings { columns: 3 17rem; column-gap: 2.5rem; font-size: 0.86rem; font-variant-numeric: tabular-nums; margin: 0; }
dl.settings div { display: flex; justify-content: space-between; gap: 1rem; break-inside: avoid; padding: 0.16rem 0; border-bottom: 1px solid var(--rule); }
dl.settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
dl.settings dt { color: var(--muted); }
.apart table, .narrow table { width: auto; }
.apart table { color: var(--muted); }
.apart th, .apart td, .narrow th, .narrow td { padding-right: 1.6rem; }

.gallery { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; margin: 0.4rem 0 1.4rem; }
.gallery figure { margin: 0; }
.gallery img { display: block; width: 100%; height: auto; border-radius: 2px; background: #000; }
.gallery figcaption { font-size: 0.78rem; line-height: 1.4; margin-top: 0.35rem; overflow-wrap: anywhere; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: 0.85rem; }

@media (max-width: 60rem) {
  th, td { padding: 0.4rem 0.4rem; }
  tbody th { min-width: 6rem; }
}
@media (max-width: 46rem) {
  body { padding: 2rem 1.1rem 3rem; }
  /* A plot as wide as the page would have letters too small to read. */
  .columns-1 .drawing { overflow-x: auto; }
  .columns-1 .plot { min-width: 40rem; }
}
@page { size: A4; margin: 18mm 16mm; }
@media print {
  :root { color-scheme: light; ${LIGHT} --paper: #fff; }
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; }
  h2 { margin-top: 2rem; break-after: avoid; }
  h3 { break-after: avoid; }
  .columns-2 { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem 1rem; }
  .scroll { overflow: visible; }
  .panel { max-width: none; }
  tr, figure { break-inside: avoid; }
  th, td { padding: 0.3rem 0.45rem; }
  .marked > * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
}
`;
