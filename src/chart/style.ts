// The style of every page of charts: one set of classes, so that the same thing looks the same on each.
export const PAGE_STYLE = `
@page{size:A4 landscape;margin:8mm}
text{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif;fill:#1f2933}
.narrow{display:none}.page{fill:#fff}.panel{fill:#fbfcfd;stroke:#d5dbe1}.plot{fill:#fff;stroke:#c3cad1}
.title{font-size:21px;font-weight:600}.subtitle{font-size:13px;fill:#52606d}.reason{font-size:12px;fill:#52606d}
.heading{font-size:13px;font-weight:600}.tick{font-size:10.5px;fill:#52606d}.small{font-size:10px;fill:#52606d}
.note{font-size:11px;fill:#3e4c59}.value{font-size:12px}.strong{font-size:12px;font-weight:600}
.limit-label{font-size:10.5px;fill:#b42318}.centre-label{font-size:10.5px;fill:#22713f}
.badge.good{fill:#22713f}.badge.bad{fill:#b42318}.badge.doubtful{fill:#9a6700}
.badge-text{font-size:14px;font-weight:600;fill:#fff;letter-spacing:.6px}
.grid{stroke:#edf0f3}.axis{stroke:#9aa5b1}.centre{stroke:#22713f;stroke-width:1.3;fill:none}
.limit{stroke:#b42318;stroke-width:1.3;fill:none}.zone{stroke:#d7dde3;stroke-dasharray:2 4;fill:none}
.spec{stroke:#b42318;stroke-width:1.6;stroke-dasharray:7 4}.target{stroke:#22713f;stroke-width:1.4;stroke-dasharray:2 3}
.series{stroke:#2563a8;stroke-width:1.2;fill:none;stroke-linejoin:round}.dot{fill:#2563a8}
.dots{stroke:#2563a8;stroke-width:4.4;stroke-linecap:round;fill:none}.faint-dots{stroke-opacity:.55}
.out{fill:#b42318;stroke:#fff;stroke-width:.8}.out-label{font-size:9.5px;fill:#b42318;font-weight:600}
.bar{fill:#b9d0ea;stroke:#7ea6d3;stroke-width:.8}.bar-out{fill:#f0b8b2;stroke:#b42318}
.within{stroke:#1b3a5c;stroke-width:1.9;fill:none}.overall{stroke:#7a3e9d;stroke-width:1.6;stroke-dasharray:6 4;fill:none}
.fit{stroke:#1b3a5c;stroke-width:1.5}.band{stroke:#7ea6d3;stroke-width:1;fill:none}
.span-within{stroke:#1b3a5c;stroke-width:3}.span-overall{stroke:#7a3e9d;stroke-width:3}.span-spec{stroke:#b42318;stroke-width:3}
`;
