// PNG with a palette, 8 bits a pixel. Specification: W3C "Portable Network Graphics (PNG) Specification
// (Third Edition)".
import { writeZlib } from "./deflate.ts";

export interface PaletteImage {
  width: number;
  height: number;
  /** Row by row, one palette index a pixel. */
  pixels: Uint8Array;
  /** At most 256 colours, each red, green, blue 0..255. */
  palette: readonly (readonly [number, number, number])[];
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PALETTE_COLOUR = 3;
const DOTS_PER_METRE = 5669; // 144 dots an inch

/** Throws RangeError when sizes don't agree or a pixel has no colour. */
export function writePng({ width, height, pixels, palette }: PaletteImage): Uint8Array {
  if (pixels.length !== width * height || width < 1 || height < 1) {
    throw new RangeError(`Cannot write a PNG of ${width} x ${height} from ${pixels.length} pixels`);
  }
  const highest = pixels.reduce((most, index) => Math.max(most, index), 0);
  if (palette.length > 256 || highest >= palette.length) {
    throw new RangeError(
      `Cannot write a PNG with ${palette.length} colours and a pixel of colour ${highest}`,
    );
  }
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", Uint8Array.from([...big32(width), ...big32(height), 8, PALETTE_COLOUR, 0, 0, 0])),
    chunk("PLTE", Uint8Array.from(palette.flat())),
    chunk("pHYs", Uint8Array.from([...big32(DOTS_PER_METRE), ...big32(DOTS_PER_METRE), 1])),
    chunk("IDAT", writeZlib(rows)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([Uint8Array.from(big32(data.length)), body, Uint8Array.from(big32(crc32(body)))]);
}

function big32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/** CRC-32 of ISO 3309, as PNG uses it. */
export function crc32(data: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of data) value = (value >>> 8) ^ (CRC_TABLE[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffff_ffff) >>> 0;
}
