#!/usr/bin/env python3
"""Positions from the phones' sockets to rows of PostgreSQL: Tiffin, the FastAPI sample with asyncpg's COPY every 200 ms, and COPY alone,
all on one private PostgreSQL, in turn, several rounds; UNNEST alone for comparison. Every row is counted: what a server has read must be there in the end.

Tiffin gives up a phone's oldest waiting position when PostgreSQL lags, so it is sent a steady stream, and the stream grows until
something is missing; the figures are those of the fastest stream of which nothing was. The sample waits in line and is sent as much as it
takes. COPY alone is psql's, in binary, from a file with the same rows into the same table. ROUNDS (3), SECONDS (8), SOCKETS (100) and
START (150,000 positions a second) may be set."""
from common import *

PSQL = os.environ.get("PSQL", "psql")
ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "3")), float(os.environ.get("SECONDS", "8"))
SOCKETS, START = int(os.environ.get("SOCKETS", "100")), float(os.environ.get("START", "150000"))
UNLIMITED = ("--ws-message-rate", "1000000", "--ws-message-burst", "1000000")
BATCH = 20
COLUMNS = "driver_id, latitude, longitude, accuracy, heading, speed, battery_level, created_at, recorded_at"


def psql(url, *commands):
    done = subprocess.run([PSQL, "-qAtX", "-v", "ON_ERROR_STOP=1", url, *(word for text in commands for word in ("-c", text))],
                          check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def processor_seconds(pid):
    """User and system time of a process, of its children that ended included."""
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0


def database_seconds(postmaster):
    children = open(f"/proc/{postmaster}/task/{postmaster}/children").read().split()
    return processor_seconds(postmaster) + sum(processor_seconds(child) for child in children)


class Round:
    """One stream into a table, and what it took."""

    def __init__(self, name, url, table, postmaster):
        self.name, self.url, self.table, self.postmaster = name, url, table, postmaster

    def rows(self):
        return int(psql(self.url, f"SELECT count(*) FROM {self.table}"))

    def run(self, port, tokens, pid, rate):
        with contextlib.suppress(subprocess.CalledProcessError):
            psql(self.url, f"TRUNCATE {self.table}", "CHECKPOINT")
        server, database = processor_seconds(pid), database_seconds(self.postmaster)
        result = phones("stream", port, tokens, pid, sockets=SOCKETS, seconds=SECONDS, batch=BATCH, rate=rate)
        self.sent, seen, limit = result["positions"], -1, time.monotonic() + 60
        while time.monotonic() < limit:
            self.stored = self.rows()
            if self.stored >= self.sent or self.stored == seen:
                break
            seen = self.stored
            time.sleep(1)
        self.rate = self.sent / result["seconds"]
        self.server = processor_seconds(pid) - server
        self.database = database_seconds(self.postmaster) - database
        self.is_whole = self.stored == self.sent and not result["closes"] and result["sockets"] == SOCKETS
        say(f"  {self.name}: {self.rate:,.0f} positions/s, {self.stored:,} rows of {self.sent:,} read, "
            f"per core second of the server {self.per_core:,.0f}, of PostgreSQL {self.stored / self.database:,.0f}")
        return self

    @property
    def per_core(self):
        return self.stored / max(self.server, 0.01)


def copy_alone(url, postmaster, file):
    """The rows that are there, once more."""
    psql(url, f"\\copy (SELECT {COLUMNS} FROM driver_locations ORDER BY id) TO '{file}' (FORMAT binary)")
    psql(url, "TRUNCATE driver_locations", "CHECKPOINT")
    begin, database = time.monotonic(), database_seconds(postmaster)
    psql(url, "SET synchronous_commit = off", f"\\copy driver_locations ({COLUMNS}) FROM '{file}' (FORMAT binary)")
    took, spent = time.monotonic() - begin, database_seconds(postmaster) - database
    rows = int(psql(url, "SELECT count(*) FROM driver_locations"))
    say(f"  COPY alone: {rows / took:,.0f} rows/s, per core second of PostgreSQL {rows / spent:,.0f}")
    return rows / took, rows / spent


def unnest_alone(url, postmaster):
    """The same rows in statements of 4,096 by INSERT … SELECT FROM UNNEST, from arrays that the server has already: what is left out,
    reading the arrays from the wire, would only make it slower."""
    names = COLUMNS.split(", ")
    psql(url, "SET client_min_messages = warning", "DROP TABLE IF EXISTS arrays", "CREATE UNLOGGED TABLE arrays AS SELECT " + ", ".join(f"array_agg({name}) {name}" for name in names)
         + " FROM (SELECT *, row_number() OVER (ORDER BY id) / 4096 AS part FROM driver_locations) AS numbered GROUP BY part",
         "TRUNCATE driver_locations", "CHECKPOINT")
    begin, database = time.monotonic(), database_seconds(postmaster)
    psql(url, "SET synchronous_commit = off", f"""DO $$ DECLARE a arrays; BEGIN FOR a IN SELECT * FROM arrays LOOP
        INSERT INTO driver_locations ({COLUMNS}) SELECT * FROM UNNEST({', '.join(f'a.{name}' for name in names)}); END LOOP; END $$""")
    took, spent = time.monotonic() - begin, database_seconds(postmaster) - database
    rows = int(psql(url, "SELECT count(*) FROM driver_locations"))
    psql(url, "DROP TABLE arrays")
    say(f"  UNNEST alone: {rows / took:,.0f} rows/s, per core second of PostgreSQL {rows / spent:,.0f}")


def fastest(stream, port, tokens, pid):
    """The fastest stream that is stored whole, by steps of a tenth."""
    best, rate = None, START
    while True:
        tried = stream.run(port, tokens, pid, rate)
        kept_up = tried.is_whole and tried.rate > 0.97 * rate
        if tried.is_whole and (best is None or tried.rate > best["rate"]):
            best = {"rate": tried.rate, "per_core": tried.per_core, "database": tried.stored / tried.database}
        if not kept_up:
            if best or rate < 2000:
                return best
            rate /= 2
        else:
            rate *= 1.1


def main():
    ours, theirs, copies = [], [], []
    with Tiffin(SOCKETS, *UNLIMITED, name="store") as server:
        url = server.ready["database_url"]
        postmaster = int(open(psql(url, "SHOW data_directory") + "/postmaster.pid").readline())
        psql(url, "SET client_min_messages = warning", "DROP DATABASE IF EXISTS peer", "CREATE DATABASE peer")
        peer_url = url.replace("/tiffin?", "/peer?")
        tokens, peer_tokens = server.tokens(), sample_tokens(SOCKETS)
        with cleanly(sample(SAMPLE_STORE=peer_url)) as fastapi:
            for _ in range(ROUNDS):
                theirs.append(Round("FastAPI + asyncpg COPY", peer_url, "driver_locations", postmaster)
                              .run(PORT + 1, peer_tokens, fastapi.pid, 1e7))
                ours.append(fastest(Round("Tiffin", url, "driver_locations", postmaster), PORT, tokens, server.pid))
                copies.append(copy_alone(url, postmaster, os.path.join(DATA, "rows.bin")))
            unnest_alone(url, postmaster)
    if not all(ours) or not all(each.is_whole for each in theirs):
        judge("positions into PostgreSQL", "rows are missing", "none is", False)
        return
    rate, per_core, database = (statistics.median(each[name] for each in ours) for name in ("rate", "per_core", "database"))
    peer_rate, peer = statistics.median(each.rate for each in theirs), statistics.median(each.per_core for each in theirs)
    copy_rate, copy = (statistics.median(each[place] for each in copies) for place in (0, 1))
    say(f"socket to row: tiffin {rate:,.0f}/s, FastAPI {peer_rate:,.0f}/s, COPY alone {copy_rate:,.0f}/s; "
        f"per core second of the server {per_core:,.0f} and {peer:,.0f}; of PostgreSQL {database:,.0f}, COPY alone {copy:,.0f}")
    judge("positions into PostgreSQL, per core of the server", f"{per_core / peer:.1f}x FastAPI with COPY", "3x", per_core >= 3 * peer)
    judge("positions into PostgreSQL, nothing lost", f"{rate:,.0f}/s, {100 * rate / copy_rate:.0f} % of COPY alone; "
          f"PostgreSQL's work for a row: {copy / database:.2f} of COPY alone", "more than FastAPI", rate > peer_rate,
          "near COPY alone")


main()
finish()
