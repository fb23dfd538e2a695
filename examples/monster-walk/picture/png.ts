// PNG with a palette, 8 bits a pixel. Specification: W3C "Portable Network Graphics (PNG) Specification (Third Edition)".
import { constants, crc32, deflateSync } from "node:zlib";

export interface PaletteImage {
  width: number;
  height: number;
  /** Row by row, one palette index a pixel. */
  pixels: Uint8Array;
  /** At most 256 colours, each red, green, blue 0..255. */
  palette: readonly (readonly [number, number, number])[];
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_COLOUR = 3;

/** Throws RangeError when sizes don't agree or a pixel has no colour. */
export function writePng({ width, height, pixels, palette }: PaletteImage): Uint8Array {
  if (pixels.length !== width * height || width < 1 || height < 1)
    throw new RangeError(`Cannot write a PNG of ${width} x ${height} from ${pixels.length} pixels`);
  const highest = pixels.reduce((most, index) => Math.max(most, index), 0);
  if (palette.length > 256 || highest >= palette.length)
    throw new RangeError(
      `Cannot write a PNG with ${palette.length} colours and a pixel of colour ${highest}`,
    );
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, PALETTE_COLOUR, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Uint8Array.from(palette.flat())),
    // Runs alone: how zlib looks for longer matches depends on the processor, and so would the bytes.
    chunk("IDAT", deflateSync(rows, { level: 9, strategy: constants.Z_RLE })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}
