"""SIGTERM under load: what was begun is answered, what was answered is there, nothing else is lost."""

import signal
import socket
import threading
import time

import yc

THREADS = 8


def test_a_drain_answers_what_it_took(world, service):
    (one,) = service()
    key = world.database.key("storefront", "storefront:F1")
    one.client(key).wait_known()
    answered, refused, broken, stop = [], [], [], threading.Event()

    def shop():
        client = one.client(key, timeout=30)
        while not stop.is_set():
            order = world.order(sku="PHONE")
            try:
                answered.append(client.call("OrderService/SubmitOrder", order)["orderId"])
            except yc.RpcError as e:
                refused.append(e.code)
                return
            except OSError as e:
                # Not accepted any more, or an idle kept connection closed under us.
                broken.append(e)
                return

    threads = [threading.Thread(target=shop) for _ in range(THREADS)]
    for t in threads:
        t.start()
    yc.wait_for("some orders", lambda: len(answered) > 100)
    begun = time.monotonic()
    assert one.stop() == 0
    took = time.monotonic() - begun
    stop.set()
    for t in threads:
        t.join()
    assert "drain took too long" not in one.log.read_text(), f"took {took} s"
    assert set(refused) <= {"unavailable"}
    assert all(not isinstance(e, TimeoutError) for e in broken), broken
    there = {str(row[0]) for row in world.database.sql("select order_id from sales_order")}
    assert set(answered) <= there
    # An order without an answer is one whose reply was cut off: a drain cuts off none.
    assert len(there) == len(answered)


def test_a_second_signal_ends_at_once(world, service):
    """A client that never finishes its request would hold the drain until drain_ms_max."""
    (one,) = service(drain_ms_max="60s")
    with socket.create_connection(("127.0.0.1", one.port)) as s:
        s.sendall(b"POST /yuncang.v1.OrderService/Quote HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
        yc.wait_for("the connection", lambda: one.metric("yuncang_http_connections") >= 1)
        process = one.process
        process.send_signal(signal.SIGTERM)
        yc.wait_for("the drain", lambda: "msg=draining" in one.tail(5))
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        one.process = None
