"""Connections to redis and PostgreSQL: one of each, made again when it is old or broken, as connection pools do."""

import contextlib
import os
import threading
import time

import psycopg2
import redis

REDIS_HOST = os.environ.get("REDIS_HOST", "redis")
POSTGRES_HOST = os.environ.get("POSTGRES_HOST", "postgres")
TIMEOUT_SECONDS = 3
# Names are resolved anew this often, so that a server that moved is found.
LIFETIME_SECONDS = 20


class Unavailable(Exception):
    """A server did not answer; the next try may succeed."""


class Connection:
    """A connection that one thread at a time uses: the HTTP server has many, and servers count their clients."""

    def __init__(self, connect):
        self._connect = connect
        self._lock = threading.Lock()
        self._connection = None
        self._since = 0.0

    @contextlib.contextmanager
    def use(self):
        with self._lock:
            try:
                if time.monotonic() - self._since > LIFETIME_SECONDS:
                    self._close()
                if self._connection is None:
                    self._connection = self._connect()
                    self._since = time.monotonic()
                yield self._connection
            except (redis.RedisError, psycopg2.Error) as error:
                self._close()
                raise Unavailable(str(error)) from error

    def _close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _connect_redis():
    return redis.Redis(
        host=REDIS_HOST,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        single_connection_client=True,
    )


def _connect_postgres():
    connection = psycopg2.connect(host=POSTGRES_HOST, user="shop", dbname="shop", connect_timeout=TIMEOUT_SECONDS)
    connection.autocommit = True
    return connection


_redis = Connection(_connect_redis)
_postgres = Connection(_connect_postgres)


def cache():
    """A redis client, for a `with` block."""
    return _redis.use()


@contextlib.contextmanager
def database():
    """A PostgreSQL cursor, for a `with` block."""
    with _postgres.use() as connection, connection.cursor() as cursor:
        yield cursor
