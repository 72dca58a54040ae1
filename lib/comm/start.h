/* start - the ways to start ranks. Internal to lib/comm; each function is
 * ranks_start of ranks.h with its results. */
#ifndef ULP_COMM_START_H
#define ULP_COMM_START_H
#include "comm.h"

/* n ranks that are forked on this host. More than LOCAL_MOST are a usage
 * error. */
int start_local(int n, struct comm **c, struct err *e) MUST_CHECK;
/* n ranks by a command. */
int start_command(int n, const char *launcher, struct comm **c,
                  struct err *e) MUST_CHECK;
/* In a process that such a command began: its rank. NULL: this is none. */
const char *start_word(void);
int start_as_rank(const char *word, int n, struct comm **c,
                  struct err *e) MUST_CHECK;
/* The group that MPI knows of, by the plug-in of the launcher's MPI. */
struct comm_engine;
int start_mpi(struct comm_engine *x, struct err *e) MUST_CHECK;
/* Standard input and output are those of rank 0 alone: here /dev/null. */
void start_leave_streams(void);

#endif
