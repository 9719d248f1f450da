"""Notes: a small web application as gunicorn serves them, with uploads in temporary files and a database of its own.

GET  /        all notes
POST /        a new note: the body, by way of a temporary file
GET  /healthz 200
"""

import os
import sqlite3
import tempfile

from flask import Flask, request

DATA = "/var/lib/notes"
DATABASE = os.path.join(DATA, "notes.db")

app = Flask(__name__)


def database():
    connection = sqlite3.connect(DATABASE, timeout=30)
    connection.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, file TEXT)")
    return connection


@app.get("/healthz")
def healthz():
    return "ok\n"


@app.get("/")
def notes():
    with database() as connection:
        rows = connection.execute("SELECT id, file FROM notes ORDER BY id DESC LIMIT 20").fetchall()
    return {"notes": dict(rows)}


@app.post("/")
def add():
    with tempfile.NamedTemporaryFile(prefix="upload-", suffix=".part", delete=False) as upload:
        upload.write(request.get_data(cache=False))
    with database() as connection:
        number = connection.execute("INSERT INTO notes (file) VALUES ('')").lastrowid
        place = os.path.join(DATA, f"note-{number}.txt")
        os.replace(upload.name, place)
        connection.execute("UPDATE notes SET file = ? WHERE id = ?", (place, number))
        for (old,) in connection.execute("SELECT file FROM notes WHERE id <= ?", (number - 50,)).fetchall():
            os.unlink(old)
        connection.execute("DELETE FROM notes WHERE id <= ?", (number - 50,))
    return {"id": number}, 201
