/* main - what every main does before and after the work of its program
 *
 * The only place that prints errors and exits. A main reads:
 *
 *     int main(int argc, char **argv)
 *     {
 *         char **args;
 *         int n = start(&cli, argc, argv, &args);   // may exit 0 or 2
 *         struct err e = {0};
 *         if (run(&opts, &e))
 *             return fail(&cli, &e);
 *         return finish(&cli);                      // checks stdout
 *     }
 */
#ifndef ULP_BIN_MAIN_H
#define ULP_BIN_MAIN_H
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "../lib/base/arena.h"
#include "../lib/base/cli.h"
#include "../lib/base/json.h"
#include "../lib/base/say.h"

/* A reader that leaves (head) is no fault: without a word, and with the status
 * of the signal, as if that had not been ignored. */
static inline int reader_left(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return 128 + SIGPIPE; /* where the signal is blocked */
}

/* 1 when nobody reads standard output any more. stdio does not keep errno. */
static inline int stdout_is_left(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* Flushes standard output: a reader at the end of a pipe may wait for it. */
static inline int flush_stdout(struct err *e)
{
    int r = fflush(stdout) ? err_errno(e, ERR_IO, "standard output") : 0;

    if (!r && ferror(stdout))
        r = err_set(e, ERR_IO, "standard output: write error");
    if (r)
        e->reader_left = stdout_is_left();
    return r;
}

/* In a rank: sends the error to the process that was started, which prints it;
 * 1 when it was sent (ranks_tell). */
static int (*fail_elsewhere)(const struct err *e);

/* Prints "name: message" and gives the exit status that goes with it. What a
 * record put into the message is shown on one line, at most so long, without
 * control characters. */
static inline int fail(const struct cli *c, const struct err *e)
{
    char line[600];
    size_t n = 0;

    if (fail_elsewhere && fail_elsewhere(e))
        return e->code ? e->code : ERR_IO;
    if (e->reader_left)
        return reader_left();
    for (; n < sizeof line - 1 && e->msg[n]; n++)
        line[n] = (unsigned char)e->msg[n] < ' ' || e->msg[n] == 127
                      ? '?'
                      : e->msg[n];
    line[n] = 0;
    fprintf(say_to(), "%s: %s%s\n", c->name, line, e->msg[n] ? "..." : "");
    return e->code ? e->code : ERR_IO;
}

/* Checks that all of stdout reached its file; the last line of a main. */
static inline int finish(const struct cli *c)
{
    struct err e = {0};

    return flush_stdout(&e) ? fail(c, &e) : 0;
}

/* Set by start_memory: a borrowed name, and the process that may write the
 * profile (a forked rank may not). */
static const char *program_name;
static pid_t program_pid;

/* Processor time in seconds, user and system, of RUSAGE_SELF or
 * RUSAGE_CHILDREN. */
static inline double cpu_s(int who)
{
    struct rusage u = {0};

    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* A line in the file that ULP_PROFILE names, for make profile: the program, and
 * the seconds of a processor that it and its children took. */
static inline void note_cpu(void)
{
    const char *path = getenv("ULP_PROFILE");
    char line[80];
    int fd, n;

    if (getpid() != program_pid || !path ||
        (fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) < 0)
        return;
    n = snprintf(line, sizeof line, "%.40s %.4f\n", program_name,
                 cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN));
    if (write(fd, line, (size_t)n) !=
        n) /* no message: no result depends on it */
        n = 0;
    close(fd);
}

/* Named outputs have no name yet, and end with the process. */
static inline void out_of_memory(size_t n)
{
    if (n)
        fprintf(say_to(), "%s: out of memory: %zu bytes asked for\n",
                program_name, n);
    else
        fprintf(say_to(), "%s: out of memory\n", program_name);
    _exit(ERR_IO);
}

/* Where memory is out the program ends with a message. start() calls it; a main
 * that allocates before start() calls it first. */
static inline void start_memory(const struct cli *c)
{
    program_name = c->name;
    program_pid = getpid();
    if (getenv("ULP_PROFILE"))
        atexit(note_cpu);
    xmalloc_on_failure(out_of_memory);
    json_use_xmalloc();
}

/* Parses the command line; --help, --version and misuse end the program. A
 * closed pipe is an error of write, so that temporary files and workers are
 * cleared away first. */
static inline int start(const struct cli *c, int argc, char **argv,
                        char ***args)
{
    struct err e = {0};
    int n_args = 0;
    int r;

    start_memory(c);
    r = cli_parse(c, argc, argv, args, &n_args, &e);

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* over `ulimit -f`: an error from write */
    if (r == CLI_HELP)
        cli_help(c, stdout);
    if (r == CLI_VERSION)
        cli_version(c, stdout);
    if (r == CLI_KNOWN)
        cli_known(c, stdout);
    if (r > 0)
        exit(finish(c));
    if (r < 0) {
        fprintf(say_to(), "%s: %s\nTry '%s --help'.\n", c->name, e.msg,
                c->name);
        exit(ERR_USAGE);
    }
    return n_args;
}

#endif
