/* ranks - one program on many ranks that stays a filter
 *
 * The process that was started begins the ranks and watches them; rank 0 has
 * its standard input and output, the others read /dev/null and write to it.
 * Each rank has a connection to that process. It sends a sign of life every
 * second, and the error that it failed with. Where a rank dies, falls silent or fails, all end,
 * and the process that was started has one message that names rank and host.
 * Where that process goes, the ranks end by themselves.
 *
 * "local" forks the ranks on this host; they talk over sockets. Any other
 * launcher is a command, such as 'mpirun -n 4', which this program's own
 * command line is put after; its ranks talk over MPI.
 */
#ifndef ULP_COMM_RANKS_H
#define ULP_COMM_RANKS_H
#include "comm.h"

/* A rank that sends nothing for so long is taken for dead. */
#define RANKS_SILENT_S 10
#define RANKS_MOST 4096

struct ranks_opts {
    int n;                /* 0: not asked for */
    const char *launcher; /* NULL: local */
};

/* To be called before threads, devices and outputs. 0: this is a rank, *c its
 * group (of itself alone where n is below 2). 1: this is the process that was
 * started, and all ranks have ended well. Negative: they have not, e is what
 * there is to say (or e->reader_left). *c is NULL in the last two. */
int ranks_start(const struct ranks_opts *o, struct comm **c,
                struct err *e) MUST_CHECK;
/* In a rank that is done: waits for the others, closes *c. */
int ranks_finish(struct comm **c, struct err *e) MUST_CHECK;
/* In a rank of several that has failed, before it exits with e->code: 1, and the
 * process that was started prints it. 0: this is no such rank, and prints it
 * itself. */
int ranks_tell(const struct err *e);
/* Out of memory in a rank of several: ranks_tell, then exit. */
void ranks_out_of_memory(size_t n) __attribute__((noreturn));

#endif
