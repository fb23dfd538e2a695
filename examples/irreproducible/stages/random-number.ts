export default function randomNumber() {
  return { "number.txt": `${Math.random()}\n` };
}
