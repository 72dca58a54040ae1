/* sandbox - a warm Python in bubblewrap that forks once per job
 *
 * Inside: no network, own user, pid, ipc, uts, net and cgroup namespaces, no
 * further user namespaces, no capabilities, no_new_privs; of the host's files
 * only /usr/bin and /usr/lib, read-only; no /proc; four device nodes; two
 * small tmpfs that are the only writable places; an empty environment; a
 * seccomp allowlist (sandbox_seccomp.c); limits on address space, CPU, open
 * files, file size, processes, core; a memory cgroup where one can be made
 * (sandbox_cgroup.c). Started as root, each sandbox has a uid of its own that
 * owns nothing; started by an ordinary user it has that user's uid, mapped in
 * its own user namespace. It is the first process of its pid namespace, so
 * its death ends every process in it, and it dies with the thread that
 * started it: that thread must live until sandbox_stop.
 *
 * Without a memory cgroup the processes of a job are 8 instead of 64, so that
 * together they stay under 8 times mem_bytes. The two tmpfs hold 80 MiB; empty
 * files in them cost the kernel about 1 KiB each, which a memory cgroup counts
 * and which elsewhere only the job's time bounds.
 *
 * The interpreter runs code_driver.py. It is told what to do by one letter
 * and file descriptors; it never reads a job's bytes itself, so that the
 * process that the next job is forked from holds nothing of this one.
 */
#ifndef ULP_VERIFY_SANDBOX_H
#define ULP_VERIFY_SANDBOX_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../base/err.h"

/* Paths of the programs; memory of a job, and its processor time in seconds. */
struct sandbox_opts {
    const char *bwrap, *python;
    size_t mem_bytes;
    int cpu_s;
};

struct sandbox {
    pid_t pid;        /* bwrap itself; 0 = not running */
    int ctl;          /* SOCK_SEQPACKET to the interpreter */
    int init;         /* pidfd of the namespace's first process, or -1 */
    pid_t init_pid;   /* its number here, or 0 */
    int note;         /* what bwrap or Python said on stderr */
    char cgroup[512]; /* directory, or "" */
};

/* Starts one and waits for its interpreter; stopped again on failure. driver is
 * what it runs: code_driver_u or code_driver_t. */
int sandbox_start(struct sandbox *s, const struct sandbox_opts *o,
                  const char *driver, struct err *e) MUST_CHECK;
/* Kills every process in it and waits until they are gone. */
void sandbox_stop(struct sandbox *s);
/* Fork a process for the job described by the descriptors: role 'U' (program,
 * channel) or 'T' (test, channel, verdict). The caller keeps its own. */
int sandbox_job(struct sandbox *s, char role, const int *fds, int n_fds,
                struct err *e) MUST_CHECK;
/* How the first process of a job ended. One that still ran was killed. */
struct sandbox_end {
    int status; /* as of waitpid; -1 = not known */
    int cpu_ms; /* what it used; 0 = not known */
};
/* Have the job's processes killed; then wait for that. 1 = the sandbox is as
 * it was before the job, 0 = it must be stopped. */
void sandbox_end_job(struct sandbox *s);
int sandbox_wait_end(struct sandbox *s, struct sandbox_end *end);

/* What the processes of a sandbox have used since it was made. */
struct sandbox_use {
    double cpu_s;   /* of all its processes, also of those that ended and were
                     * waited for */
    double delay_s; /* the living ones were ready to run, and the machine was
                     * busy with others */
};
/* 0, or -1 where the kernel does not tell. */
int sandbox_use(const struct sandbox *s, struct sandbox_use *u);

/* Parts. */
/* A seccomp program in an anonymous file, for bwrap --seccomp. */
int sandbox_seccomp(struct err *e) MUST_CHECK;
/* Make a memory cgroup; fills dir ("" when none can be made). Returns 1 or 2,
 * the cgroup version, or 0. */
int sandbox_cgroup_make(char *dir, size_t n, unsigned index, size_t mem_bytes);
void sandbox_cgroup_remove(char *dir);

/* What python3 -c gets: code_program.py and code_driver.py (u), the second alone
 * (t). */
extern const char code_driver_u[], code_driver_t[];

#endif
