/** Light and dark follow the system. Below 700 pixels a table is a list of cards. */
export const styleSheet = `:root {
  color-scheme: light dark;
  --back: light-dark(#f6f7f9, #12151a);
  --card: light-dark(#ffffff, #1b2027);
  --line: light-dark(#d9dee5, #323a45);
  --text: light-dark(#1a2129, #e6eaf0);
  --soft: light-dark(#566270, #a3afbd);
  --link: light-dark(#0b57b0, #7db7ff);
  --good: light-dark(#12612f, #7ee2a2);
  --good-back: light-dark(#dff3e5, #143322);
  --bad: light-dark(#9b1c1c, #ffa3a3);
  --bad-back: light-dark(#fde5e5, #421a1d);
  --warn: light-dark(#7a4a00, #f5c76e);
  --warn-back: light-dark(#fdf0d5, #3b2d10);
  --plain-back: light-dark(#e9edf2, #2a323c);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px; z-index: 2; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; padding: 10px 24px; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: inline-flex; gap: 8px; align-items: center; font-weight: 700; font-size: 17px; color: var(--text); text-decoration: none; }
header nav { display: flex; gap: 4px; flex: 1; }
header nav a, .tabs a { padding: 6px 10px; border-radius: 6px; color: var(--soft); text-decoration: none; }
header nav a:hover, .tabs a:hover { background: var(--plain-back); }
header nav a[aria-current], .tabs a[aria-current] { background: var(--plain-back); color: var(--text); font-weight: 600; }
.caller:empty { display: none; }
.caller { display: inline-flex; gap: 8px; align-items: center; }
main { max-width: 1200px; margin: 0 auto; padding: 20px 24px 60px; }
h1 { font-size: 24px; line-height: 1.25; margin: 8px 0 16px; }
h2 { font-size: 17px; margin: 28px 0 10px; }
h1.name, p.name, td span { overflow-wrap: anywhere; }
h2 .quiet { font-weight: 400; }
.quiet { color: var(--soft); }
.tabs { display: flex; flex-wrap: wrap; gap: 4px; margin-bottom: 16px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(126px, 1fr)); gap: 10px; margin: 0 0 20px; }
.facts.wide { grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); }
.fact { display: flex; flex-direction: column; justify-content: space-between; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; min-width: 0; }
.fact dt { color: var(--soft); font-size: 13px; }
.fact dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
th, td { text-align: left; padding: 8px 14px; vertical-align: baseline; }
td button { margin: -3px 0; }
th { color: var(--soft); font-size: 13px; font-weight: 600; white-space: nowrap; }
tbody td { border-top: 1px solid var(--line); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 13px; font-weight: 600; background: var(--plain-back); color: var(--text); white-space: nowrap; }
.badge.good { background: var(--good-back); color: var(--good); }
.badge.bad { background: var(--bad-back); color: var(--bad); }
.badge.warn { background: var(--warn-back); color: var(--warn); }
.notice { border-radius: 8px; padding: 10px 14px; margin: 0 0 16px; border: 1px solid transparent; overflow-wrap: anywhere; }
.notice p { margin: 2px 0 0; }
.notice.bad { background: var(--bad-back); color: var(--bad); border-color: currentColor; }
.notice.warn { background: var(--warn-back); color: var(--warn); border-color: currentColor; }
.notice.good { background: var(--good-back); color: var(--good); border-color: currentColor; }
.banner { border-radius: 0; border-width: 0 0 1px; margin: 0; padding: 10px 24px; }
.outcomes .notice { display: flex; justify-content: space-between; align-items: center; gap: 12px; }
button { font: inherit; font-size: 14px; padding: 4px 12px; border-radius: 6px; border: 1px solid var(--line); background: var(--card); color: var(--text); cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--soft); }
button:disabled { opacity: 0.5; cursor: default; }
button.danger { border-color: var(--bad); color: var(--bad); }
button.main { background: var(--link); border-color: var(--link); color: var(--card); }
.line { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; margin: 0 0 8px; }
.buttons { display: flex; justify-content: flex-end; gap: 8px; margin-top: 16px; }
.pager { display: flex; gap: 8px; margin-top: 12px; }
label { display: block; color: var(--soft); font-size: 13px; }
input { display: block; width: 100%; margin-top: 4px; font: inherit; font-size: 15px; padding: 6px 10px; border-radius: 6px; border: 1px solid var(--soft); background: var(--card); color: var(--text); }
.search { max-width: 380px; flex: 1 1 260px; margin-bottom: 16px; }
.searches { display: flex; flex-wrap: wrap; gap: 0 16px; }
.sign-in { flex-basis: 100%; max-width: 460px; margin: 8px 0 12px auto; }
.sign-in h2 { margin-top: 0; }
dialog { width: min(520px, calc(100vw - 32px)); border: 1px solid var(--line); border-radius: 10px; padding: 20px 24px; background: var(--card); color: var(--text); }
dialog::backdrop { background: rgb(0 0 0 / 50%); }
dialog h2 { margin: 0 0 10px; overflow-wrap: anywhere; }
dialog p { overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.timeline { list-style: none; margin: 0; padding: 0 0 0 6px; }
.timeline li { position: relative; display: flex; gap: 16px; padding: 0 0 12px 20px; border-left: 2px solid var(--line); }
.timeline li:last-child { border-color: transparent; }
.timeline li::before { content: ''; position: absolute; left: -6px; top: 6px; width: 10px; height: 10px; border-radius: 50%; background: var(--soft); }
.timeline li.good::before { background: var(--good); }
.timeline li.bad::before { background: var(--bad); }
.timeline li.warn::before { background: var(--warn); }
.timeline time { flex: none; color: var(--soft); font-variant-numeric: tabular-nums; }
.timeline div { overflow-wrap: anywhere; min-width: 0; }
.trees { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; min-width: 0; overflow-wrap: anywhere; }
.tree { list-style: none; margin: 2px 0 2px 6px; padding: 0 0 0 16px; border-left: 2px solid var(--line); }
.tree li { padding: 3px 0; }
.reason { color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 10px; }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; font-size: 13px; }
.chart .head { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; margin-bottom: 6px; }
.chart strong { font-size: 16px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.chart svg { display: block; width: 100%; height: 60px; overflow: visible; }
.chart line { stroke: var(--line); vector-effect: non-scaling-stroke; }
.chart polyline { fill: none; stroke: var(--link); stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.chart .scale { display: flex; justify-content: space-between; margin-top: 4px; }
@media (max-width: 700px) {
  header { padding: 10px 14px; gap: 4px 12px; }
  header nav { order: 3; flex: 1 0 100%; flex-wrap: wrap; margin: 0 -10px; gap: 0 2px; }
  .connection { margin-left: auto; }
  main { padding: 12px 14px 60px; }
  .facts { grid-template-columns: repeat(2, 1fr); }
  table, tbody, tr, td { display: block; }
  table { border: 0; background: none; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 0; margin-bottom: 10px; }
  tbody td, td.number { display: flex; justify-content: space-between; gap: 16px; border: 0; padding: 3px 14px; text-align: right; }
  td::before { content: attr(data-name); flex: none; color: var(--soft); }
  td span { min-width: 0; }
}
@media (prefers-reduced-motion: no-preference) { button, a { transition: border-color 0.1s, background-color 0.1s; } }
`;
