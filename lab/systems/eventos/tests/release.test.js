// Lo que se despliega está completo.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

const file = (path) => new URL(`../${path}`, import.meta.url);

test("la versión se lee", () => {
  const { version } = JSON.parse(readFileSync(file("app/config.json"), "utf8"));
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test("cada migración tiene vuelta", () => {
  const names = readdirSync(file("migrations"));
  for (const up of names.filter((name) => name.endsWith(".up.sql"))) {
    assert.ok(names.includes(up.replace(".up.", ".down.")), up);
  }
});
