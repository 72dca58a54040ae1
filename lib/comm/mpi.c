/* mpi - the plug-in of the MPI that began this process, opened at run time */
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine.h"
#include "start.h"

/* Which MPI it is, by the environment that its launcher sets. */
static const char *which(struct err *e)
{
    const char *name = getenv("ULP_MPI");

    if (name && *name)
        return name;
    if (getenv("OMPI_COMM_WORLD_RANK") || getenv("PMIX_RANK"))
        return "openmpi";
    if (getenv("PMI_RANK") || getenv("PMI_FD"))
        return "mpich";
    err_set(e, ERR_USAGE,
            "--launcher: neither Open MPI nor MPICH is there in what it "
            "starts (ULP_MPI=openmpi or mpich says which one it is)");
    return NULL;
}

/* Beside the executable, or in ../lib/ulp where it is installed. */
static void *open_plugin(const char *mpi, struct err *e)
{
    static const char *const places[] = {"", "../lib/ulp/"};
    char exe[PATH_MAX], path[PATH_MAX + 64], why[300] = "";
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    const char *dir;
    void *so = NULL;

    exe[n > 0 ? n : 0] = 0;
    dir = dirname(exe);
    for (int i = 0; i < 2 && !so; i++) {
        snprintf(path, sizeof path, "%s/%scomm-%s.so", dir, places[i], mpi);
        if (access(path, R_OK))
            continue;
        so = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (!so)
            snprintf(why, sizeof why, "%s", dlerror());
    }
    if (!so)
        err_set(e, ERR_USAGE,
                "--launcher: no plug-in for %s (%s): make builds "
                "comm-%s.so where that MPI's headers are installed",
                mpi, *why ? why : dir, mpi);
    return so;
}

int start_mpi(struct comm_engine *x, struct err *e)
{
    const char *mpi = which(e);
    void *so = mpi ? open_plugin(mpi, e) : NULL;
    comm_plugin_fn *begin;
    char why[400] = "";

    if (!so)
        return -e->code;
    *(void **)&begin = dlsym(so, COMM_PLUGIN);
    if (!begin)
        return err_set(e, ERR_USAGE,
                       "--launcher: the plug-in for %s is of another version",
                       mpi);
    return begin(x, why, sizeof why) ? err_set(e, ERR_IO, "%s: %s", mpi, why)
                                     : 0;
}
