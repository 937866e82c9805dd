"""The private PostgreSQL of the race tests, and the small world that batch_race.c knows."""

import os
import pathlib
import subprocess

import psycopg2

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("YC_BUILD", TOP / "build"))
DRIVER = BUILD / "tests/race/batch_race"
# Modules may run side by side: each worker has a cluster of its own.
FOLDER = pathlib.Path(os.environ.get("YC_RACE_PG", str(TOP / "var/race-pg")) + os.environ.get("PYTEST_XDIST_WORKER", ""))

WORLD = """
insert into party (party_id, code, kind) overriding system value
select i, 'P' || i, case when i = 1 then 1 else 2 end from generate_series(1, 4) i;
insert into location (location_id, code, kind, party_id, ways, lat_e6, lon_e6, hours_open, hours_close)
overriding system value
select i, 'L' || i, case when i = 10 then 2 else 3 end, case when i = 10 then 1 else 2 + i % 3 end,
       7, 31000000, 121000000, '{}', '{}' from generate_series(1, 10) i;
insert into sku (sku_id, code, cost_fen, list_fen, floor_fen) overriding system value
select i, 'S' || i, 7000, 10000, 10000 from generate_series(1, 3) i;
insert into campaign (campaign_id, code, funder_ids, share_bps, unit_max_fen, from_at, until_at)
overriding system value values (1, 'C', '{1}', '{10000}', 500, '2020-01-01', '2040-01-01');
"""


class Database:
    def __init__(self, url):
        self.url = url

    def server(self, *args):
        """etc/dev/postgres with this cluster."""
        return subprocess.run([TOP / "etc/dev/postgres", "-d", FOLDER, *args], check=True,
                              capture_output=True, text=True).stdout.strip()

    def sql(self, text, *args):
        """Rows of one query, or nothing; several statements are one transaction."""
        connection = psycopg2.connect(self.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(text, args or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def transaction(self, text, check):
        """Runs ${text}, then ${check} on what it made of the database, and undoes it."""
        connection = psycopg2.connect(self.url)
        try:
            connection.cursor().execute(text)

            class Inside:
                @staticmethod
                def sql(query):
                    cursor = connection.cursor()
                    cursor.execute(query)
                    return cursor.fetchall()

            check(Inside)
        finally:
            connection.close()

    def fresh(self):
        """An empty schema with the small world in it."""
        self.sql("drop schema public cascade; create schema public; "
                 "grant usage on schema public to public")
        for path in sorted((TOP / "migrations").glob("*.sql")):
            self.sql(path.read_text())
        self.sql(WORLD)

    def stock(self, pieces, entitlement, budget):
        """30 keys with ${pieces} each."""
        self.sql("insert into stock_level (dealer_id, location_id, sku_id, goods_owner_id, on_hand, counted_at) "
                 "select l.party_id, l.location_id, s.sku_id, 1, %s, now() from location l, sku s", pieces)
        self.sql("insert into entitlement (dealer_id, sku_id, ceiling) values (2, 3, %s)", entitlement)
        self.sql("insert into campaign_budget (campaign_id, budget_fen) values (1, %s)", budget)


def lines(process):
    """What it said so far; by a reader of our own, as its position in the file is where it writes next."""
    return pathlib.Path(process.out.name).read_text().splitlines()
