/* sandbox_use - CPU time of a sandbox's processes, and how long they waited
 * for a CPU, from /proc
 *
 * A process is counted when its parent is: the first process of the sandbox,
 * its children (task/N/children, of each thread), theirs, and so on. Whoever
 * loses its parent becomes a child of the first. An ended child's CPU time is
 * its parent's, once that has waited for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dirent.h>
#include "sandbox.h"

enum { MAX_DEPTH = 16, MAX_COUNTED = 256 };

struct walk {
    struct sandbox_use use;
    double tick_s;
    int counted;
};

static int slurp(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = 0;
    return n ? 0 : -1;
}

/* Adds the process's own and its ended children's CPU time; -1 when it is not
 * there, or is another's child: its number was given anew. */
static int add_cpu(struct walk *w, pid_t pid, pid_t parent)
{
    char path[64], text[1024], *at;
    unsigned long t[4];
    int ppid;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (slurp(path, text, sizeof text) || !(at = strrchr(text, ')')))
        return -1;
    /* after "(name)": state, parent, 9 others, then utime, stime, cutime,
     * cstime (proc(5)) */
    if (sscanf(at + 1,
               " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu "
               "%lu %lu",
               &ppid, &t[0], &t[1], &t[2], &t[3]) != 5)
        return -1;
    if (parent && ppid != (int)parent)
        return -1;
    w->use.cpu_s += w->tick_s * (double)(t[0] + t[1] + t[2] + t[3]);
    return 0;
}

/* Nanoseconds on a run queue: the second number of schedstat. */
static int add_delay(struct walk *w, pid_t pid, const char *thread)
{
    char path[320], text[128];
    unsigned long long ns;

    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, thread);
    if (slurp(path, text, sizeof text) || sscanf(text, "%*s %llu", &ns) != 1)
        return -1;
    w->use.delay_s += 1e-9 * (double)ns;
    return 0;
}

static int add_process(struct walk *w, pid_t pid, pid_t parent, int depth);

static void add_children(struct walk *w, pid_t pid, const char *thread,
                         int depth)
{
    char path[320], text[2048], *at = text, *end;

    snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, thread);
    if (depth >= MAX_DEPTH || slurp(path, text, sizeof text))
        return;
    for (long child; (child = strtol(at, &end, 10)) > 0 && end != at; at = end)
        if (*end == ' ') /* a whole number */
            (void)add_process(w, (pid_t)child, pid, depth + 1);
}

static int add_process(struct walk *w, pid_t pid, pid_t parent, int depth)
{
    char path[64];
    struct dirent *x;
    int known = 0;
    DIR *d;

    if (w->counted++ >= MAX_COUNTED || add_cpu(w, pid, parent))
        return -1;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    d = opendir(path);
    while (d && (x = readdir(d)) != NULL) {
        if (x->d_name[0] == '.')
            continue;
        known |= !add_delay(w, pid, x->d_name);
        add_children(w, pid, x->d_name, depth);
    }
    if (d)
        closedir(d);
    return known ? 0 : -1;
}

int sandbox_use(const struct sandbox *s, struct sandbox_use *u)
{
    struct walk w = {.tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK)};
    char path[80], text[16];

    if (s->init_pid <= 0 || add_process(&w, s->init_pid, 0, 0))
        return -1;
    /* without the list of children nothing but the first would be counted */
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)s->init_pid,
             (int)s->init_pid);
    if (slurp(path, text, sizeof text) && access(path, R_OK))
        return -1;
    *u = w.use;
    return 0;
}
