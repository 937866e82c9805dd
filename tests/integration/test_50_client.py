"""A client made from proto/ by the npm generator, against a running service: tests/client."""
import os
import re
import subprocess

import yc


def test_generated_client(world, database, server):
    """Quotes, submits by binary, JSON and gzip, pays, reads back, and gets typed errors."""
    env = {**os.environ, "YC_URL": server.url,
           "YC_KEY": database.key("storefront", "storefront:F1", "margin", "dealer:D1"),
           "YC_KEY_BLIND": database.key("storefront", "storefront:F1"),
           "YC_KEY_ADMIN": database.key("admin")}
    yc.wait_for("the keys", lambda: all(
        knows(server, env[k]) for k in ("YC_KEY", "YC_KEY_BLIND", "YC_KEY_ADMIN")))
    done = subprocess.run([str(yc.TOP / "etc/dev/client")], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    counts = dict(re.findall(r"^# (tests|pass|fail|skipped|todo) (\d+)$", done.stdout, re.M))
    assert int(counts["tests"]) > 10 and counts["pass"] == counts["tests"], done.stdout


def knows(server, key):
    try:
        server.client(key).call("OrderService/GetOrder", {"orderId": "x"})
    except yc.RpcError as e:
        return e.reason != "unauthenticated"
    return True
