#!/bin/sh
# Imports, programs of its own, temporary files, sockets of both families from both ends.
set -eu
cat >main.py <<'PY'
import asyncio, csv, ctypes, email, gzip, http.client, json, logging, multiprocessing, os, shutil, socket
import sqlite3, ssl, subprocess, tempfile, threading, unittest, urllib.request, xml.dom.minidom, zipfile

def work(number):
    with open(f'/scratch/part-{number}', 'w') as part: part.write('x')
    return number

def talk(family, address):
    server = socket.create_server(address, family=family)
    def serve():
        peer, _ = server.accept()
        peer.sendall(peer.recv(10))
        peer.close()
    thread = threading.Thread(target=serve)
    thread.start()
    client = socket.create_connection(server.getsockname()[:2])
    client.sendall(b'x')
    client.recv(10)
    thread.join()

if __name__ == '__main__':
    subprocess.run(['/bin/ls', '/etc'], stdout=subprocess.DEVNULL, check=True)
    subprocess.run('cat /etc/hostname | tr a-z A-Z >/scratch/upper', shell=True, check=True)
    with multiprocessing.get_context('spawn').Pool(2) as pool: pool.map(work, range(8))
    with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(work, range(8, 16))
    with tempfile.TemporaryDirectory(dir='/scratch') as folder:
        with open(folder + '/file', 'w+') as file: file.write('x')
        shutil.copytree('/etc/default', folder + '/copy')
    with tempfile.TemporaryFile(dir='/scratch') as file: file.write(b'x')
    database = sqlite3.connect('/scratch/database')
    database.execute('create table t (x)')
    database.commit()
    talk(socket.AF_INET, ('127.0.0.1', 7000))
    talk(socket.AF_INET6, ('::1', 7000))
    talk(socket.AF_INET, ('127.0.0.1', 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(('127.0.0.1', 7001))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(('127.0.0.1', 7001))
    sender.send(b'x')
    refused = socket.socket()
    assert refused.connect_ex(('127.0.0.1', 7002)) == 111
    os.chdir('/usr/share')
    os.close(os.open('../lib/os-release', os.O_RDONLY))
    os.close(os.open('/scratch', os.O_RDONLY | os.O_DIRECTORY))
    os.close(os.open('/etc/hosts', os.O_PATH))
    os.open('/scratch/database', os.O_RDWR | os.O_TRUNC)
    os.setuid(65534)
    for path, flags in (('/etc/shadow', os.O_RDONLY), ('/etc/passwd', os.O_WRONLY), ('/usr/new', os.O_CREAT | os.O_WRONLY)):
        try: os.open(path, flags)
        except PermissionError: pass
PY
/usr/bin/python3 main.py
