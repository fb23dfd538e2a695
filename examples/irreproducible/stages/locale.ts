export default function locale() {
  return { "price.txt": `${(1234.5).toLocaleString()}\n` };
}
