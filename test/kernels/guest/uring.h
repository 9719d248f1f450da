/* An open(2) that passes no open system call: submitted to an io_uring, by hand. */
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>

/* The descriptor, or -1 with errno. */
static long uring_open(const char *path)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *completion;
	uint8_t *queue, *completions;
	int result;

	if (ring < 0)
		return -1;
	queue = mmap(NULL, params.sq_off.array + sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	completions = mmap(NULL, params.cq_off.cqes + 2 * sizeof(*completion), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			   IORING_OFF_CQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || completions == MAP_FAILED || entry == MAP_FAILED)
		return -1;
	*entry = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path};
	*(uint32_t *)(queue + params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	completion = (void *)(completions + params.cq_off.cqes);
	result = completion->res;
	if (result < 0)
		errno = -result;
	return result < 0 ? -1 : result;
}
