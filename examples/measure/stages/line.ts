export interface Reading {
  celsius: number;
  volts: number;
}

export interface Line {
  offset: number;
  slope: number;
}

/** Throws RangeError, with the line, on what is no pair of numbers. */
export function parseReadings(csv: string): Reading[] {
  const [, ...lines] = csv.trimEnd().split("\n");
  return lines.map((line, index) => {
    const [celsius = Number.NaN, volts = Number.NaN, ...more] = line.split(",").map(Number);
    if (!Number.isFinite(celsius) || !Number.isFinite(volts) || more.length > 0)
      throw new RangeError(`line ${index + 2} is no reading: ${JSON.stringify(line)}`);
    return { celsius, volts };
  });
}

/** The line of least squares. Throws RangeError when the readings do not determine one. */
export function fitLine(readings: readonly Reading[]): Line {
  const mean = (of: (reading: Reading) => number) =>
    readings.reduce((sum, reading) => sum + of(reading), 0) / readings.length;
  const [celsius, volts] = [mean((reading) => reading.celsius), mean((reading) => reading.volts)];
  const slope =
    mean((reading) => (reading.celsius - celsius) * (reading.volts - volts)) /
    mean((reading) => (reading.celsius - celsius) ** 2);
  if (!Number.isFinite(slope)) throw new RangeError("a line needs readings at two temperatures");
  return { offset: volts - slope * celsius, slope };
}

export function residualOf({ offset, slope }: Line, { celsius, volts }: Reading): number {
  return volts - (offset + slope * celsius);
}
