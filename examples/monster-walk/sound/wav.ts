// 16-bit mono PCM in RIFF WAVE, the 44-byte canonical form: writer, and a parser that refuses everything else.
// Format: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), WAVE_FORMAT_PCM.

export interface Recording {
  sampleRateHz: number;
  samples: Int16Array;
}

const HEADER_BYTES = 44;
const SAMPLE_BYTES = 2;
const PCM = 1;
const MONO = 1;
const RATE_HZ_MAX = 768_000;
const DATA_BYTES_MAX = 0xffff_ffff - HEADER_BYTES;

export function writeWav({ sampleRateHz, samples }: Recording): Uint8Array {
  const dataBytes = samples.length * SAMPLE_BYTES;
  if (dataBytes > DATA_BYTES_MAX)
    throw new RangeError(`Cannot write ${dataBytes} bytes of samples into one WAV`);
  const bytes = Buffer.alloc(HEADER_BYTES + dataBytes);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(PCM, 20);
  bytes.writeUInt16LE(MONO, 22);
  bytes.writeUInt32LE(sampleRateHz, 24);
  bytes.writeUInt32LE(sampleRateHz * SAMPLE_BYTES, 28);
  bytes.writeUInt16LE(SAMPLE_BYTES, 32);
  bytes.writeUInt16LE(8 * SAMPLE_BYTES, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(dataBytes, 40);
  for (const [index, sample] of samples.entries())
    bytes.writeInt16LE(sample, HEADER_BYTES + index * SAMPLE_BYTES);
  return bytes;
}

/** Throws RangeError, naming the field, on anything but the form that `writeWav` writes. */
export function parseWav(bytes: Uint8Array): Recording {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < HEADER_BYTES)
    throw new RangeError(`Cannot read a WAV of ${view.length} bytes: the header is cut off`);
  expectText(view, 0, "RIFF");
  expect("RIFF size", view.readUInt32LE(4), view.length - 8);
  expectText(view, 8, "WAVEfmt ");
  expect("size of the fmt chunk", view.readUInt32LE(16), 16);
  expect("format tag", view.readUInt16LE(20), PCM);
  expect("number of channels", view.readUInt16LE(22), MONO);
  const sampleRateHz = view.readUInt32LE(24);
  if (sampleRateHz < 1 || sampleRateHz > RATE_HZ_MAX) {
    throw new RangeError(`Cannot read a WAV with a sample rate of ${sampleRateHz} Hz`);
  }
  expect("byte rate", view.readUInt32LE(28), sampleRateHz * SAMPLE_BYTES);
  expect("block size", view.readUInt16LE(32), SAMPLE_BYTES);
  expect("bits a sample", view.readUInt16LE(34), 8 * SAMPLE_BYTES);
  expectText(view, 36, "data");
  const dataBytes = view.readUInt32LE(40);
  expect("size of the data chunk", dataBytes, view.length - HEADER_BYTES);
  if (dataBytes % SAMPLE_BYTES !== 0) throw new RangeError("Cannot read a WAV that ends within a sample");
  const samples = new Int16Array(dataBytes / SAMPLE_BYTES);
  for (let index = 0; index < samples.length; index++) {
    samples[index] = view.readInt16LE(HEADER_BYTES + index * SAMPLE_BYTES);
  }
  return { sampleRateHz, samples };
}

function expect(field: string, found: number, wanted: number): void {
  if (found !== wanted) throw new RangeError(`Cannot read the WAV: its ${field} is ${found}, not ${wanted}`);
}

function expectText(view: Buffer, offset: number, wanted: string): void {
  const found = view.toString("latin1", offset, offset + wanted.length);
  if (found !== wanted) {
    throw new RangeError(
      `Cannot read the WAV: ${JSON.stringify(found)} at byte ${offset}, not ${JSON.stringify(wanted)}`,
    );
  }
}
