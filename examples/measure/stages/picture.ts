import type { Input } from "pipelite";
import type fit from "./fit.ts";

const SIZE = { width: 480, height: 320, margin: 40 };

/** An input is the output of another stage: its files and their types are known from there. */
export default async function picture({ fit: input }: { fit: Input<typeof fit> }) {
  const { offset, slope, points } = await input.json("line.json");
  const ends = points.map(({ celsius }) => celsius);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const [bottom, top] = [offset + slope * low, offset + slope * high];
  const x = (celsius: number) => place((celsius - low) / (high - low), SIZE.width);
  const y = (volts: number) => place((top - volts) / (top - bottom), SIZE.height);
  const dots = points.map(({ celsius, volts }) => `<circle cx="${x(celsius)}" cy="${y(volts)}" r="4"/>`);
  return {
    "calibration.svg": [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif">`,
      `<path d="M${x(low)} ${y(bottom)}L${x(high)} ${y(top)}" stroke="#888"/>`,
      `<g fill="#b2472f">${dots.join("")}</g>`,
      `<text x="${SIZE.margin}" y="24">${slope.toFixed(5)} V per degree from ${low} to ${high} °C</text>`,
      "</svg>\n",
    ].join("\n"),
  };
}

function place(part: number, length: number): string {
  return (SIZE.margin + part * (length - 2 * SIZE.margin)).toFixed(1);
}
