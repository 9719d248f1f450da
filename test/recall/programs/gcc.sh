#!/bin/sh
# A build of some files by make, static and dynamic, and runs of what came out under passing names.
set -eu
for name in one two three; do
  printf '#include <stdio.h>\n#include <math.h>\nint %s(void) { return puts("%s"); }\n' $name $name >$name.c
done
cat >main.c <<'C'
#include <stdio.h>
int one(void), two(void), three(void);
int main(int argc, char **argv) {
  for (int at = 1; at < argc; at++) fclose(fopen(argv[at], "a"));
  return one() < 0 || two() < 0 || three() < 0;
}
C
cat >Makefile <<'MAKE'
objects = main.o one.o two.o three.o
all: dynamic static
dynamic: $(objects) ; gcc -o $@ $^
static: $(objects) ; gcc -static -o $@ $^
%.o: %.c ; gcc -O1 -pipe -c -o $@ $<
MAKE
make -j2 >/dev/null
./dynamic first >/dev/null
./static first >/dev/null
# As configure scripts do: the same name, another program, then another name.
for n in 1 2 3 4 5 6; do
  cp dynamic "conftest$n"
  "./conftest$n" "result$n" >/dev/null
  rm "conftest$n"
done
