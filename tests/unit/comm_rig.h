/* comm_rig - a test's body on several ranks: forked processes over sockets */
#ifndef ULP_COMM_RIG_H
#define ULP_COMM_RIG_H
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/comm/comm_impl.h"
#include "../../lib/comm/local.h"
#include "t.h"

/* body on each of `size` ranks; checks that fail in one make this one fail.
 * One rank alone is this process. */
__attribute__((unused)) static void on_ranks(int size,
                                             void (*body)(struct comm *c))
{
    struct local_mesh *mesh = NULL;
    struct err e = {0};
    pid_t pid[64];

    if (size == 1) {
        struct comm *c = comm_alone();

        body(c);
        comm_close(&c);
        return;
    }
    if (local_open(&mesh, size, &e)) {
        T_CHECKF(0, "%s", e.msg);
        return;
    }
    fflush(stdout);
    for (int r = 0; r < size; r++) {
        pid[r] = fork();
        if (!pid[r]) {
            struct comm_engine x;
            struct comm *c;

            local_take(&mesh, r, &x);
            c = comm_of(&x);
            t_failed = 0;
            alarm(60); /* ranks that wait for each other */
            body(c);
            if (t_failed)
                fprintf(stderr, "rank %d of %d: %s\n", r, size, t_why);
            comm_close(&c);
            exit(t_failed ? 1 : 0);
        }
    }
    local_close(&mesh);
    for (int r = 0; r < size; r++) {
        int status = -1;

        waitpid(pid[r], &status, 0);
        T_CHECKF(status == 0, "rank %d of %d ended with status %d", r, size,
                 status);
    }
}

#endif
