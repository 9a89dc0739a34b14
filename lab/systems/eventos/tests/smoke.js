// Lo que un usuario hace: entrar, mirar, reservar. Falla si algo de eso falla.
import assert from "node:assert/strict";
import { ask } from "./api.js";

const health = await ask("GET", "/api/health");
assert.equal(health.status, "healthy", JSON.stringify(health));
const { token } = await ask("POST", "/api/auth/login", {
  body: { email: "persona1@eventos.example", password: "evento1" },
});
const me = await ask("GET", "/api/me", { token });
const { events } = await ask("GET", "/api/events");
assert.ok(events.length > 0, "no hay eventos");
for (const seats of [1, 2, 3]) {
  const path = `/api/events/${events[0].id}/bookings`;
  const booking = await ask("POST", path, { user: me.id, body: { seats }, expect: 201 });
  assert.equal(booking.status, "confirmed");
}
console.log(`smoke: bien (versión ${health.version})`);
