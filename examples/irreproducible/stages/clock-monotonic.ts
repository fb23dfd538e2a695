export default function clockMonotonic() {
  return { "took.txt": `took ${performance.now()} ms\n` };
}
