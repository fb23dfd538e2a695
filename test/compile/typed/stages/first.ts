export default async function first() {
  return {
    "facts.json": { order: "8", n: 3, status: "passed" },
    "report.md": "text",
    "sound.wav": new Uint8Array(2),
  };
}
