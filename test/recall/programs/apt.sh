#!/bin/sh
# A package from a repository on the disk: built, indexed, fetched, installed twice. Not removed, because it has to be looked up
# afterwards which interpreter its scripts name.
set -eu
mkdir -p tree/DEBIAN tree/usr/share/recall repository
cat >tree/DEBIAN/control <<'CONTROL'
Package: recall
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.com>
Description: nothing
CONTROL
printf '#!/bin/sh\necho installed >/var/lib/recall\n' >tree/DEBIAN/postinst
chmod 0755 tree/DEBIAN/postinst
echo data >tree/usr/share/recall/data
dpkg-deb --build tree repository/recall_1_all.deb >/dev/null
(cd repository && apt-ftparchive packages . >Packages)
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/scratch/repository ./' >/etc/apt/sources.list
apt-get -q update >/dev/null
apt-cache policy recall >/dev/null
apt-get -q -y install recall >/dev/null 2>&1
apt-get -q -y --reinstall install recall >/dev/null 2>&1
