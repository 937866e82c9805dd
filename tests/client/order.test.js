// A storefront's own client: generated from proto/, speaking Connect to a running service.
// Where it runs, and with which keys, is in the environment; tests/integration/test_50_client.py sets it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomUUID } from "node:crypto";
import { equals, toBinary } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CatalogService } from "./gen/yuncang/v1/catalog_pb.js";
import { ErrorDetailSchema, FulfilmentState, LegKind, LocationKind, OrderState, OwnerSource, Way } from "./gen/yuncang/v1/common_pb.js";
import { OrderService, PaymentOutcome, QuoteResponseSchema, SubmitOrderResponseSchema } from "./gen/yuncang/v1/order_pb.js";

function need(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: see tests/integration/test_50_client.py`);
  return value;
}

const url = need("YC_URL");
const key = need("YC_KEY"); // storefront F1, and its dealer's margin
const blindKey = need("YC_KEY_BLIND"); // storefront F1, no money
const adminKey = need("YC_KEY_ADMIN");

function transport(options) {
  const { key, ...rest } = options;
  const authorize = (next) => (request) => {
    if (key !== "") request.header.set("Authorization", `Bearer ${key}`);
    return next(request);
  };
  return createConnectTransport({ baseUrl: url, httpVersion: "1.1", interceptors: [authorize], ...rest });
}

function orders(options = {}) {
  return createClient(OrderService, transport({ key, ...options }));
}

const both = [
  ["binary", { useBinaryFormat: true }],
  ["JSON", { useBinaryFormat: false }],
  ["gzip", { useBinaryFormat: true, compressMinBytes: 0, sendCompression: await gzip() }],
];

async function gzip() {
  const { compressionGzip } = await import("@connectrpc/connect-node");
  return compressionGzip;
}

function basket(more = {}) {
  return {
    storefront: "F1",
    lines: [{ sku: "PHONE", quantity: 1 }],
    way: Way.SHIP,
    address: {
      name: "张三",
      phone: "13800000000",
      street: "长安街1号",
      region: "11.bj",
      position: { latitude: 39.9042, longitude: 116.4074 },
    },
    ...more,
  };
}

async function refusal(promise) {
  const error = await promise.then(
    () => assert.fail("it passed"),
    (e) => e,
  );
  assert.ok(error instanceof ConnectError, String(error));
  const [detail] = error.findDetails(ErrorDetailSchema);
  assert.ok(detail, "no ErrorDetail");
  return { error, detail };
}

for (const [name, options] of both) {
  test(`quote, submit, pay, read back, explain: ${name}`, async () => {
    const client = orders(options);
    const quote = await client.quote({ basket: basket({ way: Way.UNSPECIFIED }) });
    assert.ok(quote.options.length >= 2);
    assert.ok(timestampDate(quote.expiresAt) > new Date());
    assert.equal(quote.owner.dealer, "D1");
    assert.equal(quote.owner.source, OwnerSource.STOREFRONT);
    for (const option of quote.options) {
      assert.ok(option.money.ownerMarginFen > 0n);
      assert.ok(timestampDate(option.promise.to) > new Date());
      assert.notEqual(option.collector, "");
    }
    const first = quote.options[0];
    const request = { basket: basket(), orderRef: randomUUID(), quoteToken: first.token };
    const answer = await client.submitOrder(request);
    assert.equal(answer.orderRef, request.orderRef);
    assert.equal(answer.option.way, Way.SHIP);
    assert.equal(answer.option.parts[0].locationKind, LocationKind.SITE);
    assert.equal(answer.option.totalFen, first.totalFen);
    assert.equal(answer.option.money.ownerMarginFen, first.money.ownerMarginFen);
    const legs = answer.option.money.legs.reduce((sum, leg) => sum + leg.amountFen, 0n);
    assert.equal(legs, answer.option.totalFen + answer.option.money.fundedFen);
    assert.ok(answer.option.money.legs.some((leg) => leg.kind === LegKind.MARGIN && leg.party === "D1"));

    const again = await client.submitOrder(request);
    assert.ok(equals(SubmitOrderResponseSchema, answer, again));

    const { order } = await client.getOrder({ orderId: answer.orderId });
    assert.equal(order.state, OrderState.AWAITING_PAYMENT);
    assert.equal(order.fulfilments[0].state, FulfilmentState.PLANNED);
    assert.deepEqual(order.money, answer.option.money);
    const byRef = await client.getOrder({ storefront: "F1", orderRef: request.orderRef });
    assert.deepEqual(byRef.order, order);

    const payment = { provider: "wechat", number: randomUUID(), amountFen: order.totalFen };
    const paid = await client.confirmPayment({ orderId: answer.orderId, payment });
    assert.equal(paid.outcome, PaymentOutcome.OPENED);
    assert.deepEqual(await client.confirmPayment({ orderId: answer.orderId, payment }), paid);
    const opened = await client.getOrder({ orderId: answer.orderId });
    assert.equal(opened.order.state, OrderState.IN_FULFILMENT);
    assert.ok(opened.order.paidAt);

    const list = await client.listOrders({ storefront: "F1", pageSize: 2 });
    assert.equal(list.orders[0].orderId, answer.orderId);

    const why = await client.explainOrder({ orderId: answer.orderId });
    assert.equal(why.replayEqual, true);
    assert.ok(why.record.length > 0);
    assert.ok(why.ways.some((w) => w.chosen && w.candidates.some((c) => c.chosen && c.location === "SITE")));
  });
}

test("binary and JSON give the same answer", async () => {
  const request = { basket: basket(), orderRef: randomUUID() };
  const [binary, json] = [
    await orders({ useBinaryFormat: true }).submitOrder(request),
    await orders({ useBinaryFormat: false }).submitOrder(request),
  ];
  assert.deepEqual(
    toBinary(SubmitOrderResponseSchema, binary),
    toBinary(SubmitOrderResponseSchema, json),
  );
});

for (const [name, options] of both.slice(0, 2)) {
  test(`refusals are typed: ${name}`, async () => {
    const client = orders(options);
    let r = await refusal(client.submitOrder({ basket: basket({ lines: [{ sku: "PHONE", quantity: 0 }] }), orderRef: "x" }));
    assert.equal(r.error.code, Code.InvalidArgument);
    assert.equal(r.detail.reason, "bad_field");
    assert.equal(r.detail.field, "basket.lines[0].quantity");
    assert.equal(r.detail.retry, false);
    assert.ok(r.error.rawMessage.startsWith("basket.lines[0].quantity: "));

    r = await refusal(client.submitOrder({ basket: basket({ lines: [{ sku: "PHONE", quantity: 9999 }] }), orderRef: randomUUID() }));
    assert.equal(r.error.code, Code.FailedPrecondition);
    assert.equal(r.detail.reason, "out_of_stock");

    const orderRef = randomUUID();
    await client.submitOrder({ basket: basket(), orderRef });
    r = await refusal(client.submitOrder({ basket: basket(), orderRef, acceptOtherWay: true }));
    assert.equal(r.error.code, Code.AlreadyExists);
    assert.equal(r.detail.reason, "exists_differs");

    r = await refusal(client.getOrder({ orderId: "01890000-0000-7000-8000-000000000000" }));
    assert.equal(r.error.code, Code.NotFound);

    r = await refusal(client.submitOrder({ basket: basket({ storefront: "F2" }), orderRef }));
    assert.equal(r.error.code, Code.PermissionDenied);
    assert.equal(r.detail.field, "basket.storefront");

    for (const wrong of ["", "yk_nonsense", key.slice(0, -1) + (key.endsWith("A") ? "B" : "A")]) {
      r = await refusal(orders({ ...options, key: wrong }).quote({ basket: basket() }));
      assert.equal(r.error.code, Code.Unauthenticated);
    }
  });
}

test("a changed quote comes with the new options", async () => {
  const client = orders();
  const catalog = createClient(CatalogService, transport({ key: adminKey }));
  const sku = `PAIR-${randomUUID()}`;
  await catalog.upsertSkus({ skus: [{ code: sku, contractCostFen: 1n, listPriceFen: 1000n, floorPriceFen: 1n }] });
  await catalog.setStockCounts({ counts: ["S1", "S3"].map((location) => ({ location, sku, count: 1 })) });
  const mine = basket({ lines: [{ sku, quantity: 1 }], way: Way.DELIVER });
  const { options } = await client.quote({ basket: mine });
  assert.equal(options[0].parts[0].location, "S1");
  await client.submitOrder({ basket: mine, orderRef: randomUUID() });
  const { error, detail } = await refusal(
    client.submitOrder({ basket: mine, orderRef: randomUUID(), quoteToken: options[0].token }),
  );
  assert.equal(error.code, Code.FailedPrecondition);
  assert.equal(detail.reason, "quote_changed");
  const [fresh] = error.findDetails(QuoteResponseSchema);
  assert.equal(fresh.options[0].parts[0].location, "S3");
  const answer = await client.submitOrder({ basket: mine, orderRef: randomUUID(), quoteToken: fresh.options[0].token });
  assert.equal(answer.option.parts[0].location, "S3");
});

test("many at once: one outcome each, in the order given", async () => {
  const good = () => ({ basket: basket(), orderRef: randomUUID() });
  const bad = { basket: basket({ lines: [{ sku: "NOTHING", quantity: 1 }] }), orderRef: randomUUID() };
  const none = { basket: basket({ lines: [{ sku: "PHONE", quantity: 9999 }] }), orderRef: randomUUID() };
  const sent = [good(), bad, good(), none, good()];
  const { results } = await orders().submitOrders({ orders: sent });
  assert.deepEqual(
    results.map((r) => r.error?.reason ?? r.order.orderRef),
    [sent[0].orderRef, "unknown_id", sent[2].orderRef, "out_of_stock", sent[4].orderRef],
  );
  assert.equal(results[1].error.field, "basket.lines[0].sku");
});

test("int64 keeps every digit", async () => {
  const admin = transport({ key: adminKey, useBinaryFormat: false });
  const fen = 9007199254740993n; // 2^53 + 1: no double holds it
  const sku = `DEAR-${randomUUID()}`;
  const catalog = createClient(CatalogService, admin);
  const { error } = await refusal(catalog.upsertSkus({ skus: [{ code: sku, contractCostFen: 1n, listPriceFen: fen, floorPriceFen: 1n }] }));
  assert.equal(error.code, Code.InvalidArgument); // more than any price may be
  const price = 900719925474099n;
  await catalog.upsertSkus({ skus: [{ code: sku, contractCostFen: price - 1n, listPriceFen: price, floorPriceFen: price }] });
  await catalog.setStockCounts({ counts: [{ location: "CLOUD", sku, count: 9 }] });
  for (const useBinaryFormat of [true, false]) {
    const client = orders({ useBinaryFormat });
    const lines = [{ sku, quantity: 1 }];
    const { orderId } = await client.submitOrder({ basket: basket({ lines }), orderRef: randomUUID() });
    const { order } = await client.getOrder({ orderId });
    assert.equal(order.goodsFen, price);
    assert.equal(order.lines[0].unitPriceFen, price);
    assert.equal(order.money.costFen, price - 1n);
  }
});

test("money is hidden from a key without its scope", async () => {
  const client = orders({ key: blindKey });
  const quote = await client.quote({ basket: basket() });
  assert.equal(quote.options[0].money, undefined);
  assert.ok(quote.options[0].totalFen > 0n);
  const answer = await client.submitOrder({ basket: basket(), orderRef: randomUUID() });
  assert.equal(answer.option.money, undefined);
  const why = await client.explainOrder({ orderId: answer.orderId });
  assert.equal(why.record.length, 0);
});

test("a deadline travels, and one that is over is said to be", async () => {
  const answer = await orders().quote({ basket: basket() }, { timeoutMs: 20000 });
  assert.ok(answer.options.length > 0);
  // Sent by hand, since the client would give up by itself first.
  const r = await fetch(`${url}/yuncang.v1.OrderService/Quote`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}`, "Connect-Timeout-Ms": "0" },
    body: "{}",
  });
  assert.equal(r.status, 504);
  assert.equal((await r.json()).code, "deadline_exceeded");
});

test("the client and the message made by hand agree on unknown fields", async () => {
  const r = await fetch(`${url}/yuncang.v1.OrderService/Quote`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ basket: { ...basket(), colour: "red" } }),
  });
  assert.equal(r.status, 400);
  const body = await r.json();
  assert.equal(body.code, "invalid_argument");
  assert.match(body.message, /^basket\.colour: /);
  assert.equal(body.details[0].type, "yuncang.v1.ErrorDetail");
});
