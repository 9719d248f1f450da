#!/bin/sh
# Runs before the packages of the programs' root file system are installed; $1 is the root.
set -eu
# java's alternatives link into a folder that is left out with all manual pages.
mkdir -p "$1/usr/share/man/man1" "$1/usr/share/man/man7" "$1/etc/postgresql-common"
# The package would make a database at installation.
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"
