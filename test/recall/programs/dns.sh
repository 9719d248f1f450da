#!/bin/sh
# Every resolver that containers use, against one of our own.
set -eu
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
echo 'hosts: files dns' >/etc/nsswitch.conf
# Names that begin with "big" do not fit into a datagram: they are asked for once more over TCP.
cat >resolver.py <<'PY'
import os, socket, struct, threading
def question(query):
    at = 12
    while query[at]: at += 1 + query[at]
    return query[12:at + 5]
def answer(query, datagram):
    asked = question(query)
    kind, = struct.unpack('>H', asked[-4:-2])
    address = {1: bytes([127, 0, 0, 1]), 28: bytes(15) + b'\1'}.get(kind)
    if datagram and asked[1:4] == b'big': flags, data = 0x8380, b''
    elif address: flags, data = 0x8180, b'\xc0\x0c' + struct.pack('>2HIH', kind, 1, 60, len(address)) + address
    else: flags, data = 0x8180, b''
    return query[:2] + struct.pack('>5H', flags, 1, 1 if data else 0, 0, 0) + asked + data
def stream(connection):
    with connection, connection.makefile('rb') as source:
        while len(length := source.read(2)) == 2:
            reply = answer(source.read(struct.unpack('>H', length)[0]), False)
            # Some clients leave before they are answered.
            try: connection.sendall(struct.pack('>H', len(reply)) + reply)
            except OSError: return
def streams(server):
    while True: threading.Thread(target=stream, args=(server.accept()[0],), daemon=True).start()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 53))
tcp = socket.create_server(('127.0.0.1', 53))
if os.fork() == 0:
    open('/scratch/resolver.pid', 'w').write(str(os.getpid()))
    threading.Thread(target=streams, args=(tcp,), daemon=True).start()
    while True:
        query, peer = udp.recvfrom(512)
        udp.sendto(answer(query, True), peer)
PY
/usr/bin/python3 resolver.py

getent ahosts glibc.example >/dev/null
getent ahosts big-glibc.example >/dev/null
RES_OPTIONS=use-vc getent ahosts vc-glibc.example >/dev/null
RES_OPTIONS='single-request edns0' getent ahosts single-glibc.example >/dev/null
getent hosts 192.0.2.1 >/dev/null || true

cat >musl.c <<'C'
#include <netdb.h>
int main(void) { struct addrinfo *found; return getaddrinfo("musl.example", "80", 0, &found); }
C
musl-gcc -static -o musl musl.c
./musl

/usr/bin/python3 -c 'import socket; socket.getaddrinfo("Python.Example", 80); socket.gethostbyname("byname.python.example")'
/usr/bin/python3 - <<'PY'
import os, socket, struct, time
def question(name, kind=1):
    labels = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.'))
    return struct.pack('>6H', 1, 0x100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>2H', kind, 1)
server = ('127.0.0.1', 53)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.sendto(question('sendto.example', 16), server)
udp.sendmsg([question('sendmsg.example')[:9], question('sendmsg.example')[9:]], [], 0, server)
udp.connect(server)
udp.send(question('send.example'))
os.write(udp.fileno(), question('write.example', 15))
os.writev(udp.fileno(), [question('writev.example')])
tcp = socket.create_connection(server)
tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
query = question('parts.tcp.example')
tcp.sendall(struct.pack('>H', len(query)))
tcp.sendall(query)
two = [question('one.tcp.example'), question('two.tcp.example', 33)]
tcp.sendall(b''.join(struct.pack('>H', len(each)) + each for each in two))
halves = question('halves.tcp.example')
tcp.sendall(struct.pack('>H', len(halves)) + halves[:20])
tcp.sendall(halves[20:])
PY
node -e '
const dns = require("node:dns").promises;
(async () => {
  await dns.lookup("lookup.node.example");
  await dns.resolve4("four.node.example");
  await dns.resolve6("big-six.node.example");
  for (const type of ["MX", "TXT", "SRV", "CAA", "NS", "SOA"]) await dns.resolve("records.node.example", type).catch(() => undefined);
  await dns.reverse("192.0.2.2").catch(() => undefined);
})()'
cat >Resolve.java <<'JAVA'
public class Resolve { public static void main(String[] a) throws Exception { java.net.InetAddress.getAllByName("java.example"); } }
JAVA
java Resolve.java
perl -MSocket=:all -e 'gethostbyname("perl.example"); getaddrinfo("info.perl.example", 80)'
dig +short dig.example A dig.example MX big-dig.example >/dev/null
dig +tcp +short tcp.dig.example AAAA >/dev/null
dig +short -x 192.0.2.3 >/dev/null
host host.example >/dev/null || true
nslookup nslookup.example >/dev/null || true
for resolver in go cgo; do GODEBUG=netdns=$resolver gron "http://$resolver.go.example:1/" 2>/dev/null || true; done
GODEBUG=netdns=go gron http://big.go.example:1/ 2>/dev/null || true
curl -s http://curl.example:1/ || true
busybox nslookup busybox.example >/dev/null || true
busybox wget -q -O - http://wget.busybox.example:1/ 2>/dev/null || true
ssh -o BatchMode=yes ssh.example true 2>/dev/null || true
git ls-remote git://git.example/x 2>/dev/null || true
kill "$(cat resolver.pid)"
