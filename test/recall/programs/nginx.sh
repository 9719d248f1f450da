#!/bin/sh
# A web server: start, requests, reload, end.
set -eu
mkdir -p site/deep
echo hello >site/index.html
echo deep >site/deep/page.html
chmod 0 site/deep/page.html
cat >nginx.conf <<'CONF'
user www-data;
worker_processes 2;
pid /scratch/nginx.pid;
error_log /scratch/error.log;
events { worker_connections 64; }
http {
  access_log /scratch/access.log;
  client_body_temp_path /scratch/body;
  proxy_temp_path /scratch/proxy;
  server { listen 127.0.0.1:8080; listen [::1]:8080; root /scratch/site; }
  server { listen 127.0.0.1:8081; location / { proxy_pass http://127.0.0.1:8080; } }
}
CONF
nginx -c /scratch/nginx.conf
curl -sS -o /dev/null http://127.0.0.1:8080/ -o /dev/null http://127.0.0.1:8080/missing
curl -sS -o /dev/null http://127.0.0.1:8080/deep/page.html
curl -sS -o /dev/null 'http://[::1]:8080/index.html'
curl -sS -o /dev/null http://127.0.0.1:8081/
nginx -c /scratch/nginx.conf -s reload
curl -sS -o /dev/null http://127.0.0.1:8081/
nginx -c /scratch/nginx.conf -s quit
