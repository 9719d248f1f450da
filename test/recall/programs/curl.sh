#!/bin/sh
# Transfers in both directions over both families, from files, to nobody.
set -eu
mkdir site
echo page >site/page
cat >server.py <<'PY'
import http.server, os, socket, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
os.chdir('/scratch/site')
server = Server(('::', 8080), Handler)
if os.fork() == 0:
    open('/scratch/server.pid', 'w').write(str(os.getpid()))
    server.serve_forever()
PY
/usr/bin/python3 server.py
curl -sS -o one http://127.0.0.1:8080/page
curl -sS -o two 'http://[::1]:8080/page'
curl -sS -T one http://127.0.0.1:8080/upload
curl -sS -o three file:///etc/hostname
curl -sS -c cookies -D headers -o four http://127.0.0.1:8080/missing
curl -sS -o five http://127.0.0.1:8090/ 2>/dev/null || true
curl -sS --interface 127.0.0.1 --local-port 5000 -o six http://127.0.0.1:8080/page
kill "$(cat server.pid)"
