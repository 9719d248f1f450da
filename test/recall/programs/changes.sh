#!/bin/sh
# Names and attributes of files, changed by every call that does so; refused ones and failures, too.
set -eu
mkdir changes
cd changes
cat >changes.py <<'END'
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)


def attempt(step, *arguments):
    try:
        step(*arguments)
    except OSError:
        pass


here = os.open('.', os.O_RDONLY)
for name in 'abcdefgh':
    open(name, 'w').close()
    with open(name, 'w') as file:
        os.ftruncate(file.fileno(), 10)
        os.fchmod(file.fileno(), 0o600)
        os.fchown(file.fileno(), 1, 1)
        os.utime(file.fileno())
os.truncate('a', 5)
os.chmod('a', 0o644)
os.chmod('b', 0o644, dir_fd=here)
os.chown('a', 2, 2)
os.lchown('b', 2, 2)
os.chown('c', 2, 2, dir_fd=here)
libc.chmod(b'c', 0o640)
libc.lchown(b'c', 3, 3)
libc.utimes(b'd', None)
libc.utime(b'd', None)
os.utime('e', dir_fd=here)
os.mkdir('one')
os.mkdir('two', dir_fd=here)
os.mkdir('./one/../one/deeper')
os.symlink('one', 'way')
os.symlink('two', 'other', dir_fd=here)
os.mkdir('way/through')
os.mknod('pipe', 0o10600)
os.mknod('queue', 0o10600, dir_fd=here)
os.link('a', 'one/a')
os.link('b', 'b', dst_dir_fd=os.open('two', os.O_RDONLY))
os.rename('c', 'one/c')
os.rename('d', 'd2', src_dir_fd=here, dst_dir_fd=here)
libc.renameat2(here, b'e', here, b'f', 2)
libc.renameat2(here, b'e', here, b'f', 1)
for path in ('a', 'nothing'):
    attempt(os.setxattr, path, 'user.a', b'x')
    attempt(os.removexattr, path, 'user.a')
    attempt(os.unlink, path)
attempt(os.mkdir, 'one')
attempt(os.rmdir, 'one')
os.rmdir('way/through')
os.rmdir('one/deeper', dir_fd=here)
os.unlink('b')
os.unlink('queue', dir_fd=here)
gone = open('g', 'r+')
os.unlink('g')
os.ftruncate(gone.fileno(), 1)
os.fchmod(os.memfd_create('anonymous'), 0o600)
os.chdir('one')
os.mkdir('../from-below')
os.open('made', os.O_CREAT | os.O_WRONLY)
os.mkdir(b'odd\xff\n')
os.chmod('/scratch/changes', 0o755)
os.chdir('/scratch/changes')
os.setgroups([])
os.setresuid(1000, 1000, 1000)
for step in (os.unlink, os.rmdir, os.mkdir, lambda path: os.chmod(path, 0), lambda path: os.chown(path, 1, 1),
             lambda path: os.rename(path, '/tmp/x'), lambda path: os.link(path, path + '2'), os.utime,
             lambda path: os.symlink('x', path + '3'), lambda path: os.truncate(path, 0)):
    attempt(step, '/etc/hostname')
    attempt(step, 'h')
END
python3 -IS changes.py
