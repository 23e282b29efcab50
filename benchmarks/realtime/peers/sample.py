"""The FastAPI sample of the driver socket as it is usually written, as a peer: one process, uvicorn with uvloop.

Run: uvicorn sample:app --loop uvloop --ws websockets --no-access-log --log-level warning --port P
The token is checked as HS256 with SAMPLE_SECRET and its subject compared with the path. Positions go into a table in memory; with
SAMPLE_STORE=postgresql://… they are copied into driver_locations every 200 ms (asyncpg, COPY).
"""
import asyncio, base64, contextlib, hashlib, hmac, json, os

from fastapi import FastAPI, Query, WebSocket, WebSocketDisconnect

SECRET = os.environ.get("SAMPLE_SECRET", "a secret of the sample that has 32 bytes").encode()
STORE = os.environ.get("SAMPLE_STORE", "")
COLUMNS = ("driver_id", "latitude", "longitude", "accuracy", "heading", "speed", "battery_level")
active, places, pending = {}, {}, []


def verify_token(token, driver_id):
    try:
        head, body, signature = token.split(".")
        made = hmac.new(SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest()
        good = hmac.compare_digest(made, base64.urlsafe_b64decode(signature + "=="))
        return good and json.loads(base64.urlsafe_b64decode(body + "=="))["sub"] == str(driver_id)
    except Exception:
        return False


async def save_driver_location(driver_id, data):
    places[driver_id] = (data["latitude"], data["longitude"])
    if STORE:
        pending.append((driver_id, *(data.get(name) for name in COLUMNS[1:])))


async def copy_for_ever():
    import asyncpg
    connection = await asyncpg.connect(STORE)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS driver_locations(id bigserial PRIMARY KEY, driver_id bigint, latitude float8, longitude float8,"
        "accuracy float8, heading float8, speed float8, battery_level int, created_at timestamptz DEFAULT now())")
    while True:
        await asyncio.sleep(0.2)
        if pending:
            rows = pending[:]
            pending.clear()
            await connection.copy_records_to_table("driver_locations", records=rows, columns=COLUMNS)


@contextlib.asynccontextmanager
async def life(app):
    task = asyncio.create_task(copy_for_ever()) if STORE else None
    yield
    if task:
        task.cancel()


app = FastAPI(lifespan=life)


@app.websocket("/api/v1/ws/driver/{driver_id}")
async def driver_websocket(websocket: WebSocket, driver_id: int, token: str = Query(...)):
    if not verify_token(token, driver_id):
        await websocket.close(code=4001, reason="Authentication failed")
        return
    if driver_id in active:
        await active[driver_id].close(code=4003, reason="Duplicate connection")
    await websocket.accept()
    active[driver_id] = websocket
    try:
        while True:
            data = await websocket.receive_json()
            if data["type"] == "location_update":
                await save_driver_location(driver_id, data["data"])
            elif data["type"] == "ping":
                await websocket.send_json({"type": "pong"})
    except WebSocketDisconnect:
        del active[driver_id]
