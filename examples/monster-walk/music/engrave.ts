// Engraves MusicXML as one page of SVG with Verovio (https://www.verovio.org). Ids come from a fixed seed, so
// that the bytes depend on the score alone.
import { VerovioToolkit } from "verovio/esm";
import createVerovioModule from "verovio/wasm";
import { escapeXml } from "./xml.ts";

/** What stands above the first system. */
export interface Heading {
  title: string;
  subtitle: string;
  left: string;
  right: string;
}

const ID_SEED = 1;
const PAPER_MM = { width: 210, height: 297 };
const MARGIN_MM = { top: 31, side: 13, bottom: 8 };
// Verovio's units: a staff is 72 of them high, here 4.85 mm.
const UNITS_PER_MM = 72 / 4.85;

const OPTIONS = {
  inputFrom: "musicxml",
  breaks: "encoded",
  font: "Leland",
  footer: "none",
  header: "none",
  pageWidth: PAPER_MM.width * UNITS_PER_MM,
  pageHeight: PAPER_MM.height * UNITS_PER_MM,
  pageMarginTop: MARGIN_MM.top * UNITS_PER_MM,
  pageMarginBottom: MARGIN_MM.bottom * UNITS_PER_MM,
  pageMarginLeft: MARGIN_MM.side * UNITS_PER_MM,
  pageMarginRight: MARGIN_MM.side * UNITS_PER_MM,
  adjustPageHeight: true,
  minLastJustification: 0,
  // Room for words in a wider font than the one that Verovio measures: not every reader has Times.
  lyricSize: 3.9,
  lyricWordSpace: 2,
  spacingSystem: 20,
  spacingStaff: 11,
  scale: 100,
  svgViewBox: true,
  xmlIdSeed: ID_SEED,
} as const;

export interface Engraving {
  svg: string;
  /** Verovio's version, as it says itself. */
  engraver: string;
}

/** Throws Error when Verovio can't read the MusicXML or the score doesn't fit on one page. */
export async function engraveScore(musicXml: string, heading: Heading): Promise<Engraving> {
  const toolkit = new VerovioToolkit(await createVerovioModule());
  try {
    toolkit.setOptions(OPTIONS);
    if (!toolkit.loadData(musicXml)) throw new Error(`Cannot engrave the score: ${toolkit.getLog()}`);
    const pages = toolkit.getPageCount();
    if (pages !== 1) throw new Error(`Cannot engrave the score: it takes ${pages} pages and must fit on one`);
    const svg = toolkit.renderToSVG(1);
    // Verovio reads what it can and is silent about the rest.
    const wanted = musicXml.split("<pitch>").length - 1;
    const drawn = svg.split(/class="note[ "]/u).length - 1;
    if (drawn === 0 || drawn !== wanted) {
      throw new Error(`Cannot engrave the score: ${drawn} of its ${wanted} notes were drawn`);
    }
    return {
      svg: onPaper(svg, heading),
      engraver: `Verovio ${toolkit.getVersion()}`,
    };
  } finally {
    toolkit.destroy();
  }
}

/** White paper of a true size with the heading, behind the notes. */
function onPaper(svg: string, heading: Heading): string {
  const { width, height } = PAPER_MM;
  const box = /viewBox="0 0 (\d+) (\d+)"/u.exec(svg);
  const [boxWidth = 0, boxHeight = 0] = box?.slice(1).map(Number) ?? [];
  const pageHeight = Math.round((boxWidth * height) / width);
  if (box === null || boxHeight > pageHeight) {
    throw new Error(`Cannot engrave the score: it is ${boxHeight} units high, the page has ${pageHeight}`);
  }
  // Its content has a drawing of its own in it, with ten times the units.
  const sized = svg
    .replaceAll(/viewBox="0 0 (\d+) \d+"/gu, (_, units: string) => {
      return `viewBox="0 0 ${units} ${Math.round((Number(units) * height) / width)}"`;
    })
    .replace("<svg ", `<svg width="${width}mm" height="${height}mm" `);
  const endOfTag = sized.indexOf(">") + 1;
  const right = width - MARGIN_MM.side;
  const lines = [
    textLine(heading.title, { x: width / 2, y: 16, size: 7.5, anchor: "middle" }),
    textLine(heading.subtitle, { x: width / 2, y: 22, size: 3.6, anchor: "middle", style: "italic" }),
    textLine(heading.left, { x: MARGIN_MM.side, y: 28, size: 2.9, anchor: "start" }),
    textLine(heading.right, { x: right, y: 28, size: 2.9, anchor: "end" }),
  ];
  const paper = `   <rect width="100%" height="100%" fill="white"/>\n${lines.join("")}`;
  return `${sized.slice(0, endOfTag)}\n${paper}${sized.slice(endOfTag)}`;
}

interface TextPlace {
  /** All in millimetres. */
  x: number;
  y: number;
  size: number;
  anchor: "start" | "middle" | "end";
  style?: "italic";
}

function textLine(text: string, { x, y, size, anchor, style }: TextPlace): string {
  const [left, baseline, height] = [x, y, size].map((length) => Math.round(length * UNITS_PER_MM));
  const slant = style === undefined ? "" : ` font-style="${style}"`;
  const place = `x="${left}" y="${baseline}" text-anchor="${anchor}"`;
  const font = `font-family="Times, serif" font-size="${height}px"${slant}`;
  return `   <text ${place} ${font}>${escapeXml(text)}</text>\n`;
}
