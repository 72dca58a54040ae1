/* sandbox_cgroup - a memory cgroup for one sandbox, where one can be made
 *
 * Version 1: a child of this process's own memory cgroup. Version 2: a child
 * of its own cgroup when that hands the memory controller down (or can be
 * told to), else a sibling. Neither is possible for most ordinary users; then
 * the limits on address space and processes stand alone. Directories are
 * named ulp-PID-INDEX; those of dead processes are swept up on the way.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sandbox.h"

static int put(const char *dir, const char *file, const char *text)
{
    char path[640];
    ssize_t n;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* The path of this process in the hierarchy of `controller` ("" = v2). */
static int own_path(const char *controller, char *out, size_t n)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[600];
    int found = 0;

    while (f && !found && fgets(line, sizeof line, f)) {
        char *list = strchr(line, ':'), *path;

        if (!list || !(path = strchr(++list, ':')))
            continue;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        for (char *save, *c = strtok_r(list, ",", &save); c;
             c = strtok_r(NULL, ",", &save))
            found |= *controller && !strcmp(c, controller);
        found |= !*controller && !*list;
        if (found)
            snprintf(out, n, "%s", strcmp(path, "/") ? path : "");
    }
    if (f)
        fclose(f);
    return found ? 0 : -1;
}

/* Where the hierarchy is mounted: type "cgroup" with the option, "cgroup2". */
static int mount_point(const char *type, const char *option, char *out,
                       size_t n)
{
    FILE *f = fopen("/proc/self/mounts", "re");
    char line[1024], dir[256], kind[64], opts[512];
    int found = 0;

    while (f && !found && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%*s %255s %63s %511s", dir, kind, opts) != 3)
            continue;
        if (strcmp(kind, type))
            continue;
        for (char *save, *o = strtok_r(opts, ",", &save); o;
             o = strtok_r(NULL, ",", &save))
            found |= !*option || !strcmp(o, option);
    }
    if (found)
        snprintf(out, n, "%s", dir);
    if (f)
        fclose(f);
    return found ? 0 : -1;
}

static void sweep(const char *parent)
{
    DIR *d = opendir(parent);
    struct dirent *x;
    int pid;
    char path[800];

    while (d && (x = readdir(d)) != NULL) {
        if (sscanf(x->d_name, "ulp-%d-", &pid) != 1 || pid <= 0)
            continue;
        if (kill(pid, 0) == 0 || errno != ESRCH)
            continue;
        snprintf(path, sizeof path, "%s/%s", parent, x->d_name);
        rmdir(path);
    }
    if (d)
        closedir(d);
}

/* Make parent/ulp-PID-INDEX and set `limit_file` in it. */
static int make_in(const char *parent, char *dir, size_t n, unsigned index,
                   const char *limit_file, size_t mem_bytes)
{
    char text[32];

    sweep(parent);
    snprintf(dir, n, "%s/ulp-%d-%u", parent, (int)getpid(), index);
    snprintf(text, sizeof text, "%zu", mem_bytes);
    if (mkdir(dir, 0755) && errno != EEXIST)
        return -1;
    if (put(dir, limit_file, text) == 0)
        return 0;
    rmdir(dir);
    return -1;
}

static int make_v1(char *dir, size_t n, unsigned index, size_t mem_bytes)
{
    char own[256], at[256], parent[600], text[32];

    if (own_path("memory", own, sizeof own) ||
        mount_point("cgroup", "memory", at, sizeof at))
        return -1;
    /* in a container the path may be one of the host's */
    snprintf(parent, sizeof parent, "%s%s", at, own);
    if (access(parent, F_OK))
        snprintf(parent, sizeof parent, "%s", at);
    if (make_in(parent, dir, n, index, "memory.limit_in_bytes", mem_bytes))
        return -1;
    snprintf(text, sizeof text, "%zu", mem_bytes);
    (void)put(dir, "memory.memsw.limit_in_bytes", text); /* if swap counts */
    return 0;
}

static int make_v2(char *dir, size_t n, unsigned index, size_t mem_bytes)
{
    char own[256], at[256], parent[600];

    if (own_path("", own, sizeof own) ||
        mount_point("cgroup2", "", at, sizeof at))
        return -1;
    snprintf(parent, sizeof parent, "%s%s", at, own);
    if (access(parent, F_OK))
        snprintf(parent, sizeof parent, "%s", at);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(parent, '/');

        if (!up)
            (void)put(parent, "cgroup.subtree_control", "+memory");
        if (!make_in(parent, dir, n, index, "memory.max", mem_bytes)) {
            (void)put(dir, "memory.swap.max", "0");
            (void)put(dir, "memory.oom.group", "0");
            return 0;
        }
        if (!slash || strlen(parent) <= strlen(at))
            break;
        *slash = 0;
    }
    return -1;
}

int sandbox_cgroup_make(char *dir, size_t n, unsigned index, size_t mem_bytes)
{
    if (!make_v1(dir, n, index, mem_bytes))
        return 1;
    if (!make_v2(dir, n, index, mem_bytes))
        return 2;
    *dir = 0;
    return 0;
}

void sandbox_cgroup_remove(char *dir)
{
    /* the last process may still be leaving */
    for (int i = 0; *dir && rmdir(dir) && errno == EBUSY && i < 200; i++)
        usleep(5000);
    *dir = 0;
}
