/** Names of capabilities by number (linux/capability.h), and where the use of one of them is believed. */

const names =
  `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`.split(/\s+/);

/** Of a bit mask, `CAP_NET_RAW` and the like; numbers that are not known here as `CAP_41`. */
export function capabilityNames(mask: bigint): string[] {
  return Array.from({ length: 64 }, (_, number) => number)
    .filter((number) => (mask >> BigInt(number)) & 1n)
    .map((number) => `CAP_${(names[number] ?? String(number)).toUpperCase()}`);
}

/**
 * System calls in which a question for CAP_SYS_ADMIN is no question for memory (agent/bpf/syscall-set.h). Those that take
 * memory are left out, and so is clone, which copies it: new namespaces show by unshare and setns.
 */
export const adminCalls: readonly string[] =
  `mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr setns unshare
sethostname setdomainname swapon swapoff quotactl quotactl_fd bpf perf_event_open fanotify_init ioctl setxattr
lsetxattr fsetxattr removexattr lremovexattr fremovexattr seccomp prctl syslog keyctl ioprio_set`.split(/\s+/);
