"""What the realtime benchmarks share: servers that are started and ended, the load generator, lines of figures."""
import base64, contextlib, hashlib, hmac, http.client, json, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TIFFIN = os.environ.get("TIFFIN", os.path.join(ROOT, ".build/release/tiffin"))
PHONES = os.environ.get("PHONES", os.path.join(ROOT, ".build/release/realtime"))
ECHO = os.environ.get("SOCKET_ECHO", os.path.join(ROOT, ".build/release/socket-echo"))
# A Python with fastapi, uvicorn, uvloop, websockets and asyncpg, for the peer.
PEER_PYTHON = os.environ.get("PEER_PYTHON", sys.executable)
# Databases are kept between rows, because ten thousand accounts take a while to make.
DATA = os.environ.get("BENCH_DATA", os.path.join(tempfile.gettempdir(), "tiffin-bench"))
PORT = int(os.environ.get("PORT", "18400"))
SECRET = b"a secret of the sample that has 32 bytes"
failed = []
# On a machine with other work: the priority of everything that is measured, peers included (negative needs rights).
os.nice(int(os.environ.get("BENCH_NICE", "0")))


def wait_for_port(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server on {port} ended with code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on {port}")


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cleanly(process):
    """A context that ends the process."""
    @contextlib.contextmanager
    def context():
        try:
            yield process
        finally:
            if process.poll() is None:
                stop(process)
    return context()


class Tiffin:
    """`tiffin serve --dev` on a private database with so many drivers; limits on connections and messages are lifted, as the
    generator is one address with one phone behind each driver."""

    def __init__(self, drivers, *flags, port=PORT, name="tiffin"):
        self.drivers, self.port = drivers, port
        self.folder = os.path.join(DATA, name)
        os.makedirs(DATA, exist_ok=True)
        os.chmod(DATA, 0o711)
        self.ready_file = os.path.join(DATA, name + ".ready")
        self.flags = ["--http-port", str(port), "--log-level", "warning", "--ws-connect-burst", "100000", *flags]

    def start(self, seconds=600):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.ready_file)
        command = [TIFFIN, "serve", "--dev", "--drivers", str(self.drivers), "--data-dir", self.folder,
                   "--ready-file", self.ready_file, *self.flags]
        self.log = open(os.path.join(DATA, "server.log"), "a")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        end = time.monotonic() + seconds
        while not os.path.exists(self.ready_file):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"tiffin did not become ready, see {self.log.name}")
            time.sleep(0.02)
        self.ready = json.load(open(self.ready_file))
        self.pid = self.ready["pid"]
        return self

    def tokens(self):
        path = os.path.join(DATA, "tiffin.tsv")
        with open(path, "w") as out:
            subprocess.run([TIFFIN, "token", "issue", "--ready-file", self.ready_file, "--drivers", str(self.drivers), "--tsv"],
                           stdout=out, check=True)
        return path

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            stop(self.process)
        self.log.close()

    def admin(self):
        return Admin(self)


class Admin:
    """Calls of an admin over one kept connection."""

    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.token = None
        self.token = self("POST", "/api/v1/auth/admin/login", server.ready["admin"])["access_token"]

    def __call__(self, method, path, body=None):
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = "Bearer " + self.token
        self.http.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.http.getresponse()
        data = json.loads(answer.read() or b"null")
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data}")
        return data

    def order(self):
        """An order that only a hand moves: it has no coordinates."""
        made = self("POST", "/api/v1/orders", {
            "customer_name": "Bench", "customer_phone": "+910000000000", "delivery_address": "2 Test Street", "items": [],
            "restaurant_name": "Test Kitchen", "pickup_address": "1 Test Street", "earnings": 45.5, "distance_km": 3.2,
            "order_total": 250.0})
        return made.get("id") or made["order_id"]


def sample(port=PORT + 1, **environment):
    """The FastAPI sample, one process."""
    process = subprocess.Popen(
        [PEER_PYTHON, "-W", "ignore", "-m", "uvicorn", "sample:app", "--loop", "uvloop", "--ws", "websockets", "--no-access-log",
         "--log-level", "warning", "--port", str(port)],
        cwd=os.path.join(ROOT, "benchmarks/realtime/peers"), env={**os.environ, "SAMPLE_SECRET": SECRET.decode(), **environment},
        stderr=subprocess.DEVNULL)
    wait_for_port(port, process)
    return process


def bound(port=PORT + 2):
    """The epoll bound."""
    os.makedirs(DATA, exist_ok=True)
    program = os.path.join(DATA, "bound")
    subprocess.run(["cc", "-O2", "-o", program, os.path.join(ROOT, "benchmarks/realtime/peers/bound.c"), "-lcrypto"], check=True)
    process = subprocess.Popen([program, str(port)])
    wait_for_port(port, process)
    return process


def sample_tokens(count):
    """Tokens for the peers."""
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    os.makedirs(DATA, exist_ok=True)
    path = os.path.join(DATA, "sample.tsv")
    with open(path, "w") as out:
        for number in range(1, count + 1):
            body = text(b'{"alg":"HS256","typ":"JWT"}') + "." + text(json.dumps({"sub": str(number), "role": "driver"}).encode())
            print(number, f"{body}.{text(hmac.new(SECRET, body.encode(), hashlib.sha256).digest())}", sep="\t", file=out)
    return path


def numbers(count):
    """What socket-echo takes for tokens: the drivers' numbers."""
    os.makedirs(DATA, exist_ok=True)
    path = os.path.join(DATA, "numbers.tsv")
    with open(path, "w") as out:
        out.writelines(f"{number}\t{number}\n" for number in range(1, count + 1))
    return path


def phones(scenario, port, tokens, pid=0, **options):
    """Runs the load generator; returns its figures."""
    command = [PHONES, scenario, "--port", str(port), "--tokens", tokens, "--server-pid", str(pid)]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.stdout)
    return json.loads(done.stdout.splitlines()[-1])


def say(text):
    print(text, flush=True)


def judge(name, measured, must, is_kept, aim=""):
    """One row of the table: the figure, what it must be, and whether it is."""
    say(f"{'kept  ' if is_kept else 'MISSED'}  {name}: {measured}   (must: {must}{', aim: ' + aim if aim else ''})")
    if not is_kept:
        failed.append(name)


def finish():
    sys.exit(1 if failed else 0)
