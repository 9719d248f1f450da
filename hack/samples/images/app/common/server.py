"""A small shop: counts visits in redis, writes them to PostgreSQL, serves them as JSON.

GET /         a visit: counted and stored
GET /visits   how many visits there were, by version of this program
GET /healthz  200 when both servers answered within the last half minute
"""

import json
import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import backends
import features

VERSION = os.environ["APP_VERSION"]
STATE_FILE = "/var/lib/app/state.json"
ROUND_SECONDS = 10
HEALTHY_SECONDS = 30

last_success = 0.0


def visit(path):
    with backends.cache() as cache:
        count = cache.incr(f"visits:{VERSION}")
    with backends.database() as cursor:
        cursor.execute("INSERT INTO visits (version, path) VALUES (%s, %s)", (VERSION, path))
    return {"version": VERSION, "visits": count}


def visits():
    with backends.database() as cursor:
        cursor.execute("SELECT version, count(*) FROM visits GROUP BY version ORDER BY version")
        return dict(cursor.fetchall())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        try:
            if path == "/healthz":
                healthy = time.monotonic() - last_success < HEALTHY_SECONDS
                self.answer(200 if healthy else 503, {"healthy": healthy})
            elif path == "/visits":
                self.answer(200, visits())
            elif path == "/":
                self.answer(200, visit(path))
            else:
                self.answer(404, {"error": "no such page"})
        except backends.Unavailable as error:
            self.answer(503, {"error": str(error)})

    def answer(self, status, body):
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """One line per request would be all that the log holds."""


def work_round():
    """What the program does by itself: keeps the table small and a state file fresh."""
    global last_success
    with backends.database() as cursor:
        cursor.execute("DELETE FROM visits WHERE at < now() - interval '1 hour'")
    with backends.cache() as cache:
        state = {"version": VERSION, "redis": cache.ping(), "at": time.time()}
    state.update(features.round_results())
    with open(STATE_FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(STATE_FILE + ".new", STATE_FILE)
    last_success = time.monotonic()


def work():
    while True:
        try:
            work_round()
        except backends.Unavailable as error:
            logging.warning("this round failed: %s", error)
        time.sleep(ROUND_SECONDS)


def main():
    logging.basicConfig(level=logging.INFO)
    threading.Thread(target=work, daemon=True).start()
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()


if __name__ == "__main__":
    main()
