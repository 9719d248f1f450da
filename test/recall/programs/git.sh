#!/bin/sh
# A repository: commits, branches, a clone, housekeeping.
set -eu
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init -q -b main repository
cd repository
for n in 1 2 3 4 5; do
  mkdir -p "folder$n"
  echo "$n" >"folder$n/file"
  git add .
  git commit -q -m "$n"
done
git checkout -q -b branch
git mv folder1 folder6
git commit -q -m moved
git checkout -q main
git merge -q --no-edit branch
git gc -q
git log -p >/dev/null
cd ..
git clone -q --no-local repository clone
git -C clone fsck --no-progress
git -C clone archive --format=tar.gz -o /scratch/archive.tar.gz HEAD
