#!/bin/sh
# A login by key, a command, a copy, a port where nobody listens.
set -eu
mkdir -p /run/sshd /root/.ssh
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
/usr/sbin/sshd -f /dev/null -h /scratch/host -p 2200 -o ListenAddress=127.0.0.1 -o PidFile=/scratch/sshd.pid -o UsePAM=no \
  -o 'Subsystem=sftp /usr/lib/openssh/sftp-server'
set -- -o StrictHostKeyChecking=no -o UserKnownHostsFile=/scratch/known
ssh "$@" -p 2200 127.0.0.1 'cat /etc/hostname >/scratch/remote' 2>/dev/null
scp -q "$@" -P 2200 /etc/hosts 127.0.0.1:/scratch/copied 2>/dev/null
ssh "$@" -p 2201 127.0.0.1 true 2>/dev/null || true
kill "$(cat sshd.pid)"
