// Lo que las pruebas preguntan a la API, como un usuario.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const env = readFileSync(new URL("../.env", import.meta.url), "utf8");
const port = /^PORT=(\d+)$/m.exec(env)[1];

export async function ask(method, path, { user, token, body, expect = 200 } = {}) {
  const headers = { connection: "close" };
  if (user) headers["x-user-id"] = user;
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  assert.equal(answer.status, expect, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
