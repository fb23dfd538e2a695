export default function environment() {
  return { "variables.txt": `${Object.keys(process.env).toSorted().join("\n")}\n` };
}
