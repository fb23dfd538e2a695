// The style of the report. Colours are variables with a light and a dark set; print takes the light one. Sizes follow the
// reader's own font size.

const COLOURS = `
:root{color-scheme:light dark;
--ink:#1b2430;--soft:#54606e;--rule:#dce1e7;--strong-rule:#aab4c0;--paper:#fff;--panel:#f6f8fa;
--good:#1d6b3a;--bad:#a9251b;--doubt:#865600;--link:#1f5490;
--good-tint:#eef6f0;--bad-tint:#fbefee;--doubt-tint:#fbf5e8;
--bar:#9db3cc;--bar-critical:#2a5c96;--bar-phase:#d3dae2;--curve:#1b3a5c;--curve-two:#7a3e9d}
@media screen and (prefers-color-scheme:dark){:root{
--ink:#e4e9ef;--soft:#a4b0bd;--rule:#2b343e;--strong-rule:#4a5664;--paper:#11161b;--panel:#181f26;
--good:#74c893;--bad:#f0897f;--doubt:#e0b45c;--link:#8ab8ea;
--good-tint:#15251b;--bad-tint:#2c1917;--doubt-tint:#2a2213;
--bar:#4c6480;--bar-critical:#7fb0e6;--bar-phase:#333e4a;--curve:#a9c8ea;--curve-two:#c79be4}}
`;

const PAGE = `
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);overflow-wrap:anywhere;
font:400 0.9375rem/1.5 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"Liberation Sans",sans-serif}
.page{max-width:78rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
@media (min-width:70rem){.page{display:grid;grid-template-columns:11.5rem minmax(0,1fr);gap:3.5rem}}
nav{font-size:.875rem}
nav ol{list-style:none;margin:0;padding:0}
nav a{display:block;padding:.2rem 0;color:var(--soft);text-decoration:none}
nav a:hover,nav a:focus-visible{color:var(--ink);text-decoration:underline}
@media (min-width:70rem){nav ol{position:sticky;top:2.5rem;border-top:2px solid var(--ink);padding-top:.8rem}}
@media (max-width:69.99rem){nav ol{display:flex;flex-wrap:wrap;gap:0 1.1rem;margin-bottom:2rem}}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}
a{color:var(--link)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
h1,h2,h3{font-family:Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,"Liberation Serif",serif;
font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:2.4rem;margin:.1rem 0 1.2rem;letter-spacing:-.01em}
h2{font-size:1.5rem;margin:0 0 .4rem;padding-top:.9rem;border-top:2px solid var(--ink)}
h3{font-size:1.1rem;margin:2rem 0 .3rem}
section{margin-top:3.2rem}
p{margin:.3rem 0 1rem;max-width:44rem}
.lead{color:var(--soft)}
.kind{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.08em;text-transform:uppercase}
code,pre{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;
font-size:.84em}
.quiet,.missing{color:var(--soft)}.missing{font-style:italic}
.below{display:block;color:var(--soft);font-size:.84em;font-weight:400;margin-top:.1rem}
code.below{font-size:.78em}
.tag{margin-left:.5em;font-size:.75em;font-weight:400;color:var(--soft);border:1px solid var(--rule);
border-radius:.2rem;padding:0 .35em}
`;

const VERDICT = `
.verdict{border-left:.4rem solid var(--doubt);background:var(--doubt-tint);padding:.9rem 1.3rem;margin-bottom:1.6rem}
.verdict.good{border-color:var(--good);background:var(--good-tint)}
.verdict.bad{border-color:var(--bad);background:var(--bad-tint)}
.verdict p{margin:0}
.verdict-word{font:600 1.75rem/1.25 Charter,"Bitstream Charter",Cambria,Georgia,"Liberation Serif",serif;color:var(--doubt)}
.verdict-word::first-letter{text-transform:uppercase}
.verdict-word span:first-child{display:inline-block}.verdict-word span:first-child::first-letter{text-transform:uppercase}
.good .verdict-word{color:var(--good)}.bad .verdict-word{color:var(--bad)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1rem 1.6rem;margin:1rem 0}
.facts dt{font-size:.8125rem;color:var(--soft)}
.facts dd{margin:0;font-variant-numeric:tabular-nums}
.head .facts dd{font-size:1.05rem}.head .facts code{font-size:.78rem}
.status{white-space:nowrap;color:var(--doubt)}
.status .sign{display:inline-block;width:1.15em;font-weight:700}
.status.good{color:var(--good)}.status.bad{color:var(--bad);font-weight:600}.status.quiet{color:var(--soft)}
`;

const TABLES = `
.frame{overflow-x:auto;margin:1rem 0 1.4rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.8125rem;color:var(--soft);padding-bottom:.35rem}
thead th{font-size:.8125rem;font-weight:600;color:var(--soft);border-bottom:1px solid var(--strong-rule);
vertical-align:bottom;white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.42rem 1.1rem .42rem 0;overflow-wrap:normal}
th:last-child,td:last-child{padding-right:0}
tbody th{font-weight:600;min-width:8rem}
tbody th .path,tbody th code{font-weight:400}
tbody tr{border-bottom:1px solid var(--rule)}
.number{text-align:right;white-space:nowrap}
thead th.number{white-space:normal}
td.wide,td code,th code{overflow-wrap:anywhere}
.wide{min-width:16rem}
a.figure{color:inherit;text-decoration:none;border-bottom:1px dotted transparent}
a.figure:hover,a.figure:focus-visible{color:var(--link);border-bottom-color:currentcolor}
.path{color:var(--soft)}
.hash .figure{font:.92em ui-monospace,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
.sources{list-style:none;margin:0;padding:0}
.sources li+li{margin-top:.3rem}
.source-name{color:var(--soft)}
.facts-list{list-style:none;margin:.1rem 0 0;padding:0;color:var(--soft);font-size:.9em}
ul.facts-list li+li{margin-top:.1rem}
.named code{color:var(--soft);font-size:.86em}
.named .figure{color:var(--ink)}
.formula{display:block}
.places{margin:.15rem 0 0;padding-left:1.9em;color:var(--soft);font-size:.92em;list-style:none;counter-reset:place}
.places li{counter-increment:place;text-indent:-1.9em}
.places li::before{content:"$" counter(place);display:inline-block;width:1.9em;text-indent:0;font-size:.9em}
.places code{text-indent:0}
.group table{table-layout:fixed;min-width:44rem}
.group th,.group td{overflow-wrap:anywhere}
.claim{width:27%}.value{width:20%}.state{width:13%}
.clause{width:15rem}.clause .below{font-weight:400}
.statement{font-weight:400}
.unbroken{white-space:nowrap}
details.group{border-top:1px solid var(--rule)}
details.group:last-of-type{border-bottom:1px solid var(--rule)}
details.group>summary{padding:.5rem 0;cursor:pointer}
summary{cursor:pointer}
td details summary{color:var(--link);font-size:.9em}
.commands{margin:1rem 0}
.commands div{margin:.7rem 0}
.commands dt code{display:block;white-space:pre-wrap;background:var(--panel);border-left:3px solid var(--rule);padding:.4rem .7rem}
.commands dd{margin:.15rem 0 0;color:var(--soft);font-size:.92em}
.log{background:var(--panel);border-left:3px solid var(--rule);padding:.7rem .9rem;margin:.2rem 0 1rem;
overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.failure{border-left:3px solid var(--bad);padding-left:1rem;margin:1.2rem 0}
.failure h3{margin-top:0;color:var(--bad)}
`;

const CHARTS = `
figure{margin:1.4rem 0}
figcaption{font-size:.875rem;color:var(--soft)}
.timeline ol{list-style:none;margin:0;padding:0}
.timeline li{display:grid;grid-template-columns:8.5rem minmax(0,1fr) 4.8rem;gap:0 .9rem;align-items:center;
border-bottom:1px solid var(--rule)}
.timeline .axis{border:0}
.timeline .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding:.2rem 0}
.timeline .took{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.track{position:relative;height:1.7rem}
.timeline .bar{position:absolute;top:.4rem;height:.9rem;min-width:2px;border-radius:1px;background:var(--bar)}
.timeline .bar.critical,.timeline .swatch.critical{background:var(--bar-critical)}
.timeline .bar.failed{background:var(--bad)}
.timeline .bar.phase{top:.65rem;height:.4rem}
.timeline .bar.phase,.timeline .swatch.phase{background:var(--bar-phase)}
.timeline .bar.waiting,.timeline .swatch.waiting{background:repeating-linear-gradient(135deg,var(--strong-rule) 0 1px,transparent 1px 4px);
border:1px solid var(--rule)}
.timeline .axis{font-size:.75rem;color:var(--soft)}
.timeline .tick{position:absolute;transform:translateX(-50%);border-left:0;font-variant-numeric:tabular-nums}
.timeline .tick:first-child{transform:none}
.key{display:inline-block;margin-right:1.4rem}
.swatch{display:inline-block;width:1.1em;height:.75em;margin-right:.45em;background:var(--bar);border-radius:1px}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem;margin-top:.8rem}
.chart{overflow-x:auto}
.chart svg{display:block;width:100%;min-width:24rem;height:auto;
font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
.chart text{fill:var(--ink)}
.chart .panel{fill:var(--panel);stroke:var(--rule)}.chart .plot{fill:var(--paper);stroke:var(--rule)}
.chart .heading{font-size:13.5px;font-weight:600}
.chart .tick{font-size:11px;fill:var(--soft)}.chart .note{font-size:11.5px;fill:var(--soft)}
.chart .limit-label{font-size:11px;fill:var(--bad)}.chart .centre-label{font-size:11px;fill:var(--good)}
.chart .grid{stroke:var(--rule);stroke-opacity:.6}.chart .axis{stroke:var(--strong-rule)}
.chart .centre{stroke:var(--good);stroke-width:1.3;fill:none}
.chart .limit{stroke:var(--bad);stroke-width:1.3;fill:none}
.chart .zone{stroke:var(--rule);stroke-dasharray:2 4;fill:none}
.chart .spec{stroke:var(--bad);stroke-width:1.6;stroke-dasharray:7 4}
.chart .target{stroke:var(--good);stroke-width:1.4;stroke-dasharray:2 3}
.chart .series{stroke:var(--bar-critical);stroke-width:1.2;fill:none;stroke-linejoin:round}
.chart .dot{fill:var(--bar-critical)}
.chart .dots{stroke:var(--bar-critical);stroke-width:4.4;stroke-linecap:round;fill:none;stroke-opacity:.55}
.chart .out{fill:var(--bad);stroke:var(--paper);stroke-width:.8}
.chart .out-label{font-size:10px;fill:var(--bad);font-weight:600}
.chart rect.bar{fill:var(--bar);stroke:var(--bar-critical);stroke-width:.8;stroke-opacity:.5}
.chart rect.bar-out{fill:var(--bad-tint);stroke:var(--bad)}
.chart .within,.chart .fit{stroke:var(--curve);stroke-width:1.8;fill:none}
.chart .overall{stroke:var(--curve-two);stroke-width:1.6;stroke-dasharray:6 4;fill:none}
.chart .band{stroke:var(--bar);stroke-width:1;fill:none}
`;

/** A row becomes a block of lines, each with the head of its column. */
const NARROW = `
@media screen and (max-width:40rem){
.page{padding:1.4rem 1rem 3rem}h1{font-size:1.9rem}
section{margin-top:2.4rem}
.facts{grid-template-columns:repeat(2,minmax(0,1fr));gap:.8rem 1rem}
.head .facts div:first-child{grid-column:1/-1}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,caption{display:block}
tbody tr{padding:.6rem 0}
tbody th{display:block;padding:0 0 .25rem;min-width:0}
tbody td{display:block;position:relative;padding:.12rem 0 .12rem 7.4rem;min-width:0;min-height:1.6rem}
tbody td::before{content:attr(data-head);position:absolute;left:0;width:7rem;color:var(--soft);font-size:.8125rem}
.number{text-align:left;white-space:normal}
.wide,.group table{min-width:0}
.claim,.value,.state,.clause{width:auto}
.timeline li{grid-template-columns:5.6rem minmax(0,1fr) 4rem;gap:0 .5rem;font-size:.8125rem}}
`;

const PRINT = `
@media print{
:root{color-scheme:light}
html{font-size:8.6pt}
body{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.page{display:block;max-width:none;padding:0}
nav,.skip{display:none}
section{margin-top:1.6rem}
h1{font-size:2rem}
h2,h3,caption{break-after:avoid}
.lead,h3+p,summary{break-after:avoid;break-inside:avoid}
.frame{overflow:visible}
thead{display:table-header-group}
tr,.chart,.timeline,.verdict,.facts,.commands div{break-inside:avoid}
#batch-record,#evidence{break-before:page}
tbody tr:first-child{break-before:avoid}
section:has(table):not(:has(tbody tr:nth-child(13),.sources,.chart,h3)){break-inside:avoid}
tr:has(.facts-list li:nth-child(6)){break-inside:auto}.sources>li{break-inside:avoid}
.elsewhere>*:not(summary),#standards td details>*:not(summary){display:none}
.facts-list{columns:2;column-gap:1.4rem}.facts-list li{break-inside:avoid}
.group table{min-width:0;font-size:.92em}
.clause{width:11rem}
details:not(.elsewhere)::details-content{content-visibility:visible;display:block;height:auto;opacity:1}
summary{list-style:none}summary::-webkit-details-marker{display:none}
td details summary{color:var(--soft)}
.panels{display:block}.chart{margin-bottom:.8rem;overflow:visible}.chart svg{width:64%;min-width:0}figcaption{break-inside:avoid}figcaption:not(:last-child){break-after:avoid}
a,a.figure{color:inherit;text-decoration:none;border:0}
.wide{min-width:0}
}
`;

export const STYLE = `${COLOURS}${PAGE}${VERDICT}${TABLES}${CHARTS}${NARROW}${PRINT}`;

/** Margins of the printed page: what it is a page of, and which. */
export function pageStyle(title: string): string {
  const text = title.replaceAll(/[^\p{L}\p{N} .,:_-]/gu, "");
  return `
@page{size:A4;margin:17mm 15mm 18mm;
@bottom-left{content:"${text}";font:8pt system-ui,Arial,"Liberation Sans",sans-serif;color:#54606e}
@bottom-right{content:counter(page) " / " counter(pages);font:8pt system-ui,Arial,"Liberation Sans",sans-serif;
color:#54606e}}
`;
}
