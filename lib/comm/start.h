/* start - the ways to start ranks. Internal to lib/comm; each function is
 * ranks_start of ranks.h with its results. */
#ifndef ULP_COMM_START_H
#define ULP_COMM_START_H
#include "comm.h"

int start_local(int n, struct comm **c, struct err *e) MUST_CHECK;
/* Standard input and output are those of rank 0 alone: here /dev/null. */
void start_leave_streams(void);

#endif
