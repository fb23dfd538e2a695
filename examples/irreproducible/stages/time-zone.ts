export default function timeZone() {
  return { "hour.txt": `${new Date(0).toString()}\n` };
}
