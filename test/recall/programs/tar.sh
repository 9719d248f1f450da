#!/bin/sh
# Thousands of files, in and out, and folders of the same shape after one another.
set -eu
tar -cf all.tar -C /usr lib/python3.11 share/perl include/linux include/x86_64-linux-gnu
mkdir out
tar -xf all.tar -C out
for n in 1 2 3 4 5 6 7 8 9; do
  mkdir -p passing/sub/deep
  tar -cf passing/sub/deep/inner.tar -C /etc apt default
  tar -xf passing/sub/deep/inner.tar -C passing/sub/deep
  mv passing "kept$n"
  rm -r "kept$n/sub"
done
