"""Connections to redis and PostgreSQL, one of each per thread of work, made again when they break."""

import contextlib
import os
import threading

import psycopg2
import redis

REDIS_HOST = os.environ.get("REDIS_HOST", "redis")
POSTGRES_HOST = os.environ.get("POSTGRES_HOST", "postgres")
TIMEOUT_SECONDS = 3

# The server handles each request in a thread of its own: one connection behind a lock bounds the backends it occupies.
_lock = threading.Lock()
_connection = None
_redis = redis.Redis(host=REDIS_HOST, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)


class Unavailable(Exception):
    """A server did not answer; the next try may succeed."""


class _RedisClient:
    def __getattr__(self, name):
        def call(*arguments):
            try:
                return getattr(_redis, name)(*arguments)
            except redis.RedisError as error:
                raise Unavailable(f"redis: {error}") from error

        return call


def redis_client():
    return _RedisClient()


@contextlib.contextmanager
def database():
    global _connection
    with _lock:
        try:
            if _connection is None or _connection.closed:
                _connection = psycopg2.connect(
                    host=POSTGRES_HOST, user="shop", dbname="shop", connect_timeout=TIMEOUT_SECONDS
                )
                _connection.autocommit = True
            with _connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            if _connection is not None:
                _connection.close()
            _connection = None
            raise Unavailable(f"postgres: {error}") from error
