export default function buildPath() {
  return { "debug.txt": `sources in ${process.cwd()}\n` };
}
