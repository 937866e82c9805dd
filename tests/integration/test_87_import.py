"""yuncang import stock: counts out of a file, in chunks, which may be repeated."""
import re
import subprocess

import pytest

from town import refused

T1, T2 = "2026-11-20T08:00:00Z", "2026-11-21T08:00:00+08:00"


@pytest.fixture(scope="module")
def skus(town):
    return [town.sku() for _ in range(4)]


class Importer:
    def __init__(self, database, folder):
        self.database = database
        self.folder = folder

    def __call__(self, text, *options, status=0, stdin=False):
        """Imports that text; (stdout, stderr)."""
        path = self.folder / "stock.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with open(path, "rb") as file:
            done = self.database.run("import", *options, "stock", "-" if stdin else str(path), check=False,
                                     stdin=file if stdin else subprocess.DEVNULL)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout, done.stderr.replace(str(path), "stock.csv")


@pytest.fixture
def load(town, tmp_path):
    return Importer(town.database, tmp_path)


def levels(town, sku):
    return town.database.sql(
        "select l.code, p.code, s.on_hand, s.safety from stock_level s join location l using (location_id) "
        "join sku k using (sku_id) join party p on p.party_id = s.goods_owner_id where k.code = %s order by 1, 2",
        (sku,))


def test_header_by_name_and_repeats(town, load, skus):
    text = "\ufeffsku,location,count,counted_at,safety,goods_owner\r\n" + "".join(
        f"{sku},{location},{n},{T1},{safety},{owner}\r\n" for sku, location, n, safety, owner in (
            (skus[0], "A1", 5, 1, ""), (skus[0], "C1", 7, "", "B"), (skus[1], '"A1"', 0, "", "")))
    out, err = load(text)
    assert out == "imported: 3 lines, 3 written, 0 not newer than what is stored\n"
    assert re.fullmatch(r"import: 3 lines, 3 written, 0 not newer, \d+ lines/s\n", err)
    assert levels(town, skus[0]) == [("A1", "D1", 5, 1), ("C1", "B", 7, 0)]
    assert load(text)[0] == "imported: 3 lines, 0 written, 3 not newer than what is stored\n"
    # A newer count, without the safety stock: that stays.
    out, _ = load(f"location,sku,count\nA1,{skus[0]},9\n", "--counted-at", T2)
    assert out.startswith("imported: 1 lines, 1 written")
    assert levels(town, skus[0])[0] == ("A1", "D1", 9, 1)


def test_a_running_service_hears_of_it(town, load):
    sku = town.sku()
    assert town.refuse(sku, way="WAY_SHIP").reason in ("out_of_stock", "no_location")
    load(f"location,sku,count,counted_at\nSITE,{sku},1,{T1}\n", stdin=True)
    assert town.submit(sku, way="WAY_SHIP")["orderId"]


HEADERS = [
    ("", "stock.csv:0: there is no header"),
    ("location,sku\n", 'stock.csv:1: the column "count" is missing'),
    ("location,sku,count\n", 'stock.csv:1: no column "counted_at": say --counted-at'),
    ("location,sku,count,counted_at,price\n", 'stock.csv:1: there is no column "price"'),
    ("location,sku,sku,count,counted_at\n", 'stock.csv:1: the column "sku" stands twice'),
    ("Location,sku,count,counted_at\n", 'stock.csv:1: there is no column "Location"'),
]


@pytest.mark.parametrize("text,said", HEADERS, ids=[s for _, s in HEADERS])
def test_headers_refused(load, text, said):
    out, err = load(text, status=1)
    assert err.splitlines()[0] == said
    assert out == "stopped: nothing was written\n"


LINES = [
    ("A1,{sku},x,{t}", "count: must be 0 to 1000000000"),
    ("A1,{sku},-1,{t}", "count: must be 0 to 1000000000"),
    ("A1,{sku},,{t}", "count: must be 0 to 1000000000"),
    ("A1,{sku},1,noon", "counted_at: not a time like 2026-11-21T08:00:00Z"),
    ("A1,{sku},1,2099-01-01T00:00:00Z", "counted_at: lies in the future"),
    ("A1,{sku},1,", "counted_at: must be set"),
    ("A 1,{sku},1,{t}", "location: a code is 1 to 64 characters of A-Z a-z 0-9 . _ : -"),
    ("nowhere,{sku},1,{t}", "location: there is no location nowhere"),
    ("A1,nothing,1,{t}", "sku: there is no sku nothing"),
    ("A1,{sku},1", "3 fields, not 4"),
    ('A1,{sku},"1,{t}', "field 3: a quote where none may be, or none at its end"),
    ("C1,{other},9,{t}", "sku: this stock stands here twice"),
]


@pytest.mark.parametrize("line,said", LINES, ids=[s for _, s in LINES])
def test_lines_refused(town, load, skus, line, said):
    """The line is named, and of its chunk nothing is written."""
    line = line.format(sku=skus[2], other=skus[3], t=T1)
    out, err = load(f"location,sku,count,counted_at\nC1,{skus[3]},3,{T1}\n\n{line}\n", status=1)
    assert err.splitlines()[0] == f"stock.csv:4: {said}"
    assert out == "stopped: nothing was written\n"
    assert levels(town, skus[3]) == []


def test_chunks(town, load):
    """What stands when a later line is wrong is said, and is there; then it is repeated."""
    sku = town.sku()
    names = [f"X{i}" for i in range(7000)]
    town.database.sql("insert into sku (code, name, sku_class, tax_class, cost_fen, list_fen, floor_fen) "
                      "select 'X' || i, '', '', '', 1, 1, 1 from generate_series(0, 6999) i")
    lines = [f"A2,{x},2,{T1}" for x in names]
    lines[6500] = f"A2,{sku},bad,{T1}"
    text = "location,sku,count,counted_at\n"
    out, err = load(text + "\n".join(lines), status=1)
    assert "stock.csv:6502: count: must be" in err
    assert out == "stopped: lines up to 5001 are written, none behind; it may be started again\n"
    assert town.database.sql("select count(*), sum(on_hand) from stock_level join sku using (sku_id) "
                             "where code ~ '^X[0-9]+$'") == [(5000, 10000)]
    lines[6500] = f"A2,{sku},1,{T1}"
    out, _ = load(text + "\n".join(lines))
    assert out == "imported: 7000 lines, 2000 written, 5000 not newer than what is stored\n"


def test_dry_run(town, load, skus):
    sku = town.sku()
    text = f"location,sku,count,counted_at\nA1,{sku},3,{T1}\nA1,{skus[0]},1,2020-01-01T00:00:00Z\n"
    out, _ = load(text, "--dry-run")
    assert out == ("dry run: 2 lines, 1 would be written, 1 are not newer than what is stored, 0 errors; "
                   "nothing was written\n")
    assert levels(town, sku) == []
    # It goes on behind errors.
    out, err = load(text + "A1,x y,1,x\n" * 30, "--dry-run", status=1)
    assert "32 lines, 0 would be written" in out and "30 errors; nothing was written" in out
    assert err.count("stock.csv:") == 20 and "import: 30 errors, the first 20 are shown" in err
    assert town.database.sql("select count(*) from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(0,)]


def test_what_stands_in_the_way(town, load, tmp_path, cluster):
    done = town.database.run("import", "stock", str(tmp_path / "no.csv"), check=False)
    assert done.returncode == 1 and "cannot be opened" in done.stderr
    empty = cluster.database("import_empty")
    done = empty.run("import", "stock", "/dev/null", check=False)
    assert done.returncode == 1 and "run yuncang migrate first" in done.stderr
    assert refused(town.admin, "StoreService/ReportStock", {}).field == "location"
