export default function clockSecond() {
  return { "made.txt": `made at ${new Date().toISOString()}\n` };
}
