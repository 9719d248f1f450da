#!/bin/busybox sh
# shellcheck shell=dash
# One executable under many names.
set -eu
busybox --install -s /scratch 2>/dev/null || for applet in ls cat grep sed awk find tar gzip wget sort; do
  ln -s /bin/busybox /scratch/$applet
done
PATH=/scratch:$PATH
ls /etc >list
cat /etc/hostname /etc/hosts >both
grep -r root /etc/default /etc/passwd >found || true
sed s/a/b/ /etc/passwd >changed
awk -F: '{ print $1 }' /etc/passwd >names
find /etc/apt -type f >files
tar -czf archive.tgz /etc/apt 2>/dev/null
gzip -dc archive.tgz >/dev/null
sort names >sorted
wget -q -O - http://127.0.0.1:1/ 2>/dev/null || true
for n in 1 2 3; do echo $n >>loop; done
