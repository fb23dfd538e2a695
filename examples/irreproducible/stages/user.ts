import { userInfo } from "node:os";

export default function user() {
  const { username, uid } = userInfo();
  return { "by.txt": `by ${username} (${uid})\n` };
}
