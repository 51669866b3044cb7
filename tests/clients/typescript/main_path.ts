// The main path through the generated TypeScript client, as a program of somebody else's would take
// it. Reads CLUB (an address), EMAIL and PASSWORD of an admin; what is found on the way is printed as
// JSON, and the first step that does not hold ends it with exit status 1.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";

import type { components, paths } from "../api/club.ts";

type Schemas = components["schemas"];
// What of an answer is for programs to read: not the picture, nor rows of which members are left out.
type Readable = "application/json" | "application/problem+json";

interface Answer<T> {
  data?: T;
  error?: Schemas["Problem"];
  response: Response;
}

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

function ok<T>(answer: Answer<T>, status = 200): T {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert.ok(answer.data !== undefined);
  return answer.data;
}

function refused(answer: Answer<unknown>, status: number): Schemas["Problem"] {
  assert.equal(answer.response.status, status);
  assert.ok(answer.error !== undefined);
  assert.equal(answer.error.status, status);
  return answer.error;
}

const password = setting("PASSWORD");
const club = createClient<paths, Readable>({ baseUrl: setting("CLUB") });

async function signIn(email: string): Promise<void> {
  const signedIn = ok(await club.POST("/api/v1/auth/token", { body: { email, password } }));
  // From now on, with every request.
  club.use({
    onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${signedIn.access}`),
  });
}

async function setUp() {
  const entrance = ok(
    await club.POST("/api/v1/locations", { body: { name: "Side entrance" } }),
    201,
  );
  const offered: Schemas["NewPackage"] = {
    name: "Two visits",
    type: "credits",
    price: { amount: 2500, currency: "EUR" },
    credits: 2,
    duration: { unit: "month", count: 3 },
  };
  const twoVisits = ok(await club.POST("/api/v1/packages", { body: offered }), 201);
  // What was answered can be sent back.
  const copy = { ...offered, name: "Three visits", price: twoVisits.price, credits: 3 };
  ok(await club.POST("/api/v1/packages", { body: { ...copy, duration: twoVisits.duration } }), 201);
  const customer = ok(await club.POST("/api/v1/customers", { body: { name: "Ada Sample" } }), 201);
  return { entrance, twoVisits, customer };
}

async function sell(customer: Schemas["Customer"], bought: Schemas["Package"]) {
  const body: Schemas["NewSale"] = { customer: customer.id, package: bought.id, method: "cash" };
  const sale = ok(await club.POST("/api/v1/sales", { body }), 201);
  assert.equal(sale.invoice.status, "paid");
  assert.equal(sale.subscription.status, "active");
  assert.equal(sale.subscription.credits_left, 2);
  return sale;
}

async function picture(code: Schemas["QRCode"], format: Schemas["ImageFormat"]): Promise<Blob> {
  const params = { path: { code_id: code.id }, query: { format } };
  return ok(await club.GET("/api/v1/qr-codes/{code_id}/image", { params, parseAs: "blob" }));
}

async function scan(asked: Omit<Schemas["Scan"], "scan_id">): Promise<Schemas["ScanAnswer"]> {
  const body = { scan_id: randomUUID(), ...asked };
  return ok(await club.POST("/api/v1/door/scans", { body }), 201);
}

async function openTheDoor(code: string, location: string): Promise<Schemas["ScanAnswer"]> {
  const body: Schemas["Scan"] = { scan_id: randomUUID(), code, kind: "entry", location };
  const entry = ok(await club.POST("/api/v1/door/scans", { body }), 201);
  assert.equal(entry.reason, "ok");
  assert.equal(entry.subscription?.credits_left, 1);
  // The same again is answered the same; another under the same id is refused.
  assert.deepEqual(ok(await club.POST("/api/v1/door/scans", { body }), 200), entry);
  const other = { ...body, kind: "exit" as const };
  const reused = refused(await club.POST("/api/v1/door/scans", { body: other }), 422);
  assert.equal(reused.code, "scan_id_reused");
  return entry;
}

async function refusals(code: string): Promise<Schemas["ScanReason"][]> {
  const found = [(await scan({ code, kind: "entry" })).reason];
  await scan({ code, kind: "exit" });
  ok(await club.PATCH("/api/v1/club", { body: { reentry_seconds: 0 } }));
  found.push((await scan({ code, kind: "entry" })).reason);
  found.push((await scan({ code, kind: "entry" })).reason);
  found.push((await scan({ code: "QC1:NOT A CODE", kind: "entry" })).reason);
  assert.deepEqual(found, ["already_inside", "ok", "no_credits", "unknown_code"]);
  return found;
}

async function annul(entry: Schemas["ScanAnswer"], code: string): Promise<void> {
  const params = { path: { check_in_id: entry.id } };
  const body = { reason: "wrong person" };
  const annulled = await club.POST("/api/v1/check-ins/{check_in_id}/annul", { params, body });
  assert.ok(ok(annulled, 201).credit_returned);
  const again = await club.POST("/api/v1/check-ins/{check_in_id}/annul", { params, body });
  assert.equal(refused(again, 409).code, "already_annulled");
  assert.equal((await scan({ code, kind: "entry" })).reason, "ok");
}

async function report(): Promise<Schemas["Overview"]> {
  const day = (offset: number): string =>
    new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const query = { from: day(-2), to: day(3) };
  const overview = ok(await club.GET("/api/v1/reports/overview", { params: { query } }));
  const visits = overview.by_day.map((row) => row.check_ins);
  assert.equal(
    visits.reduce((sum, count) => sum + count, 0),
    overview.check_ins,
  );
  return overview;
}

async function mistakes(): Promise<string[]> {
  const unknown = await club.POST("/api/v1/customers", { body: { name: "Ada", nickname: "A" } });
  const codes = refused(unknown, 400).errors?.map((each) => `${each.field}: ${each.code}`) ?? [];
  // @ts-expect-error one that it requires
  const missing = refused(await club.POST("/api/v1/customers", { body: {} }), 400);
  codes.push(...(missing.errors ?? []).map((each) => `${each.field}: ${each.code}`));
  return codes;
}

refused(await club.GET("/api/v1/customers"), 401);
await signIn(setting("EMAIL"));
const { entrance, twoVisits, customer } = await setUp();
const sale = await sell(customer, twoVisits);
const png = await picture(sale.qr_code, "png");
const svg = await (await picture(sale.qr_code, "svg")).text();
const entry = await openTheDoor(sale.qr_code.code, entrance.id);
const reasons = await refusals(sale.qr_code.code);
await annul(entry, sale.qr_code.code);
const overview = await report();
console.log(
  JSON.stringify({
    code: sale.qr_code.code,
    png: Buffer.from(await png.arrayBuffer()).toString("base64"),
    svg: svg.slice(0, 5),
    reasons,
    visits: overview.check_ins,
    mistakes: await mistakes(),
  }),
);
