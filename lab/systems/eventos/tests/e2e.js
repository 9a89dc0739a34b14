// Los caminos que no deben romperse: agotado, ajeno, sin permiso.
import assert from "node:assert/strict";
import { ask } from "./api.js";

const { events } = await ask("GET", "/api/events");
const [event] = events;
const path = `/api/events/${event.id}/bookings`;
const booking = await ask("POST", path, { user: "usuario-001", body: { seats: 2 }, expect: 201 });
await ask("GET", `/api/bookings/${booking.id}`, { user: "usuario-002", expect: 404 });
const mine = await ask("GET", "/api/bookings", { user: "usuario-001" });
assert.ok(mine.bookings.some(({ id }) => id === booking.id), "la reserva no está entre las propias");
await ask("DELETE", `/api/bookings/${booking.id}`, { user: "usuario-001" });
await ask("POST", path, { user: "usuario-001", body: { seats: 0 }, expect: 400 });
await ask("POST", path, { user: "nadie", body: { seats: 1 }, expect: 401 });
const full = events.find(({ name }) => name === "Función agotada");
await ask("POST", `/api/events/${full.id}/bookings`, { user: "usuario-001", body: { seats: 1 }, expect: 409 });
await ask("GET", "/api/me", { token: "inventado", expect: 401 });
console.log("e2e: bien");
