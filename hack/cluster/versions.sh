#!/bin/bash
# Versions of everything the cluster runs. Sourced. Together with the build script's content they name the cache folder,
# so that a change here builds anew and an older checkout still finds its own programs.
# shellcheck disable=SC2034 # read by the scripts that source this file
set -euo pipefail

etcd_version=3.6.7
kubernetes_version=1.36.3
coredns_version=1.15.0
helm_version=4.3.1
# The pause program lives in the Kubernetes module and has a version of its own.
pause_version=3.10

# All of the above say "go 1.26.0" or less in their go.mod; the toolchain is fetched only where none is installed.
go_minimum=1.26
go_toolchain=1.26.8
