#!/bin/sh
# Modules, files, programs, sockets.
set -eu
cat >main.pl <<'PERL'
use strict; use warnings;
use File::Temp 'tempfile'; use File::Find; use File::Copy; use IO::Socket::INET; use POSIX; use Socket; use Storable 'store';
use Digest::SHA 'sha256_hex'; use Encode; use JSON::PP; use Time::HiRes; use Unicode::Normalize;
my ($handle, $name) = tempfile(DIR => '/scratch');
print $handle encode_json({ digest => sha256_hex('x') }); close $handle;
copy($name, '/scratch/copied'); store({ a => 1 }, '/scratch/stored');
find(sub { open(my $file, '<', $_) if -f }, '/etc/default');
open(my $both, '+<', '/scratch/copied'); open(my $append, '>>', '/scratch/appended'); open(my $pipe, '-|', 'cat', '/etc/hostname'); my @lines = <$pipe>;
my $listed = `ls /etc/apt | sort`;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => 4000, ReuseAddr => 1);
my $child = fork;
if ($child == 0) { my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 4000); exit 0 }
$server->accept; waitpid $child, 0;
exec '/usr/bin/perl', '-MConfig', '-e', 'open(my $f, "<", "/etc/passwd")';
PERL
perl main.pl
