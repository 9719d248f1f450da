#!/bin/sh
# Runs in mmdebstrap after unpacking, with the root file system in $1: makes an unpacked, never configured system usable
# for one program, and removes what only package tools need. There is no shell in the image. Leaves /dev alone: the
# devices of the machine are mounted there while this runs.
set -eu
root=$1

# What dpkg's database would say, in the place where image scanners look in images without dpkg.
mkdir -p "$root/var/lib/dpkg/status.d"
for archive in "$root"/var/cache/apt/archives/*.deb; do
  dpkg-deb --field "$archive" > "$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$archive" Package)"
done

# The package's own maintainer script would link and hash the certificates; Node and OpenSSL are content with the bundle.
mkdir -p "$root/etc/ssl/certs"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"

printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > "$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nonroot:x:65532:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
(
  cd "$root"
  rm -rf etc/resolv.conf etc/hostname etc/fstab etc/apt etc/dpkg etc/debconf.conf etc/ca-certificates
  rm -rf usr/bin/openssl usr/bin/c_rehash usr/bin/debconf* usr/sbin sbin usr/lib/ssl/misc usr/lib/x86_64-linux-gnu/gconv
  rm -rf usr/share/locale usr/share/man usr/share/lintian usr/share/debconf usr/share/perl5 usr/share/gcc usr/share/gdb
  rm -rf tmp/* usr/share/pixmaps usr/share/bash-completion var/cache var/log var/lib/apt
)
find "$root/usr/share/doc" -type f ! -name copyright -delete
mkdir -p "$root/proc" "$root/sys" "$root/data" "$root/app"
chown 65532:65532 "$root/data"
chmod 0700 "$root/data"
chmod 1777 "$root/tmp"
