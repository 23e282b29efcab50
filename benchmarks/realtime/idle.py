#!/usr/bin/env python3
"""Memory of an idle socket at 10,000 (anonymous resident memory, fresh process), plain and TLS. SOCKETS may be set."""
from common import *

SOCKETS = int(os.environ.get("SOCKETS", "10000"))


def certificate():
    key, crt = os.path.join(DATA, "tls.key"), os.path.join(DATA, "tls.crt")
    os.makedirs(DATA, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", crt],
        check=True, stderr=subprocess.DEVNULL)
    return key, crt


def resident(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1])


def main():
    with Tiffin(SOCKETS) as server:
        result = phones("idle", PORT, server.tokens(), server.pid, sockets=SOCKETS, seconds=10, connect_rate=1000)
        kib = result["server_kib_per_socket"]
        judge(f"memory per idle socket at {result['sockets']:,}", f"{kib:.1f} KiB", "<= 20 KiB",
              result["sockets"] == SOCKETS and kib <= 20, "<= 10 KiB")
    with cleanly(sample()) as fastapi:
        result = phones("idle", PORT + 1, sample_tokens(2000), fastapi.pid, sockets=2000, seconds=5, connect_rate=500)
        say(f"FastAPI at 2,000: {result['server_kib_per_socket']:.1f} KiB")
    key, crt = certificate()
    with Tiffin(SOCKETS, "--http-tls-key", key, "--http-tls-certificate", crt) as server:
        tokens, before = server.tokens(), resident(server.pid)
        load = subprocess.Popen(
            [TIFFIN, "load", "--url", f"https://localhost:{PORT}", "--ca", crt, "--tokens", tokens, "--drivers", str(SOCKETS),
             "--ramp", str(SOCKETS / 250), "--for", "30", "--location-every", "1000", "--ping-every", "1000"],
            stdout=subprocess.PIPE, text=True)
        line = load.stdout.readline()
        while "connected" not in line:
            line = load.stdout.readline()
        time.sleep(15)
        kib = (resident(server.pid) - before) / SOCKETS
        judge(f"memory per idle TLS socket, {line.strip()}", f"{kib:.1f} KiB", "<= 40 KiB",
              line.split()[0] == str(SOCKETS) and kib <= 40)
        load.wait()


main()
finish()
