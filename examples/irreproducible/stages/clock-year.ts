// The same for months, until it is not.
export default function clockYear() {
  return { "notice.txt": `(c) ${new Date().getUTCFullYear()} somebody\n` };
}
