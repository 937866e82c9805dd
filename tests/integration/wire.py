"""Protobuf's wire format by hand, so that bad bytes can be made on purpose."""


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def data(field, content):
    """A text, bytes or message."""
    if isinstance(content, str):
        content = content.encode()
    return varint(field << 3 | 2) + varint(len(content)) + content


def line(sku, quantity=1):
    return data(1, sku) + number(2, quantity)


def basket(*lines, storefront="OFFICIAL", way=1):
    address = data(1, "n") + data(2, "1") + data(3, "street") + data(4, "31.0300")
    return data(1, storefront) + b"".join(data(3, x) for x in lines) + number(4, way) + data(6, address)


def submit(basket_bytes, ref):
    return data(1, basket_bytes) + data(2, ref)
