"""What only version 2 does: talks to redis at its pod's own address, and keeps a compressed export of the visits."""

import socket
import subprocess

import backends

EXPORT_FILE = "/var/lib/app/visits.csv"
TIMEOUT_SECONDS = 3


def redis_pod_address():
    """Redis sees a connection through the Service at the address of its own pod."""
    with backends.cache() as cache:
        address = cache.client_info()["laddr"]
    host, _, port = address.rpartition(":")
    return host, int(port)


def ping_pod():
    try:
        with socket.create_connection(redis_pod_address(), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).decode().strip()
    except OSError as error:
        raise backends.Unavailable(f"redis at its pod's address: {error}") from error


def export():
    with backends.database() as cursor, open(EXPORT_FILE, "w", encoding="utf-8") as file:
        cursor.execute("SELECT date_trunc('minute', at), version, count(*) FROM visits GROUP BY 1, 2 ORDER BY 1, 2")
        for minute, version, count in cursor:
            file.write(f"{minute.isoformat()},{version},{count}\n")
    subprocess.run(["gzip", "--force", EXPORT_FILE], check=True, timeout=30)
    return EXPORT_FILE + ".gz"


def round_results():
    return {"pod": ping_pod(), "export": export()}
