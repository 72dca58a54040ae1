/* verify_code_hostile - programs that want out, a free pass, or the next item
 *
 * Runs the programs of tests/golden/hostile (README.md there), each followed in
 * its sandbox by next.txt and by a right and a wrong answer: first as the user
 * that runs the test, then, when that is root, as an ordinary user.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/verify/code.h"
#include "t.h"
#include "t_code.h"

#define FOLDER "tests/golden/hostile"
enum { MAX_PROGRAMS = 200, SHARDS = 2 };

static const char prompt[] = "def f(x):\n    \"\"\"Returns x + 1.\"\"\"\n";
static const char test[] = "def check(candidate):\n"
                           "    for x in (3, 10, -7, 0, 1, 2, 5, 10**20):\n"
                           "        assert candidate(x) == x + 1\n";

struct program {
    char name[64], holds[64];
    char *text;
};

static struct program programs[MAX_PROGRAMS];
static int n_programs;
static struct program next;

/* what the host lends to be attacked */
static char canary[300], abstract[64];
static int port, tcp = -1, un = -1;

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *s = calloc(1, 1 << 16);

    if (!f || !s || fread(s, 1, (1 << 16) - 1, f) == 0)
        exit(2);
    fclose(f);
    return s;
}

/* All of `word` in s replaced; frees s. */
static char *replace(char *s, const char *word, const char *with)
{
    char *out = calloc(1, 1 << 17), *at, *from = s;
    size_t n = 0;

    while ((at = strstr(from, word)) != NULL) {
        memcpy(out + n, from, (size_t)(at - from));
        n += (size_t)(at - from);
        memcpy(out + n, with, strlen(with));
        n += strlen(with);
        from = at + strlen(word);
    }
    memcpy(out + n, from, strlen(from));
    free(s);
    return out;
}

static void load(struct program *p, const char *file)
{
    char path[400], number[16], *at;

    snprintf(path, sizeof path, FOLDER "/%s", file);
    snprintf(p->name, sizeof p->name, "%.*s", (int)strcspn(file, "."), file);
    p->text = slurp(path);
    at = strstr(p->text, "# holds: ");
    if (!at)
        exit(2);
    snprintf(p->holds, sizeof p->holds, "%.*s", (int)strcspn(at + 9, "\n"),
             at + 9);
    p->text = replace(p->text, "@CANARY@", canary);
    p->text = replace(p->text, "@ABSTRACT@", abstract);
    snprintf(number, sizeof number, "%d", port);
    p->text = replace(p->text, "@PORT@", number);
    snprintf(number, sizeof number, "%d", (int)getpid());
    p->text = replace(p->text, "@PID@", number);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct program *)a)->name,
                  ((const struct program *)b)->name);
}

static void load_all(void)
{
    DIR *d = opendir(FOLDER);
    struct dirent *x;

    while (d && (x = readdir(d)) != NULL) {
        size_t n = strlen(x->d_name);

        if (n > 3 && !strcmp(x->d_name + n - 3, ".py") &&
            n_programs < MAX_PROGRAMS)
            load(&programs[n_programs++], x->d_name);
    }
    if (d)
        closedir(d);
    qsort(programs, (size_t)n_programs, sizeof *programs, by_name);
    load(&next, "next.txt");
}

static void lend(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t n = sizeof in;

    /* not under /tmp, which is a place of its own in the sandbox */
    snprintf(canary, sizeof canary, "/var/tmp/ulp-canary.%d", (int)getpid());
    FILE *f = fopen(canary, "w");
    if (!f || fputs("sing", f) < 0 || fclose(f))
        exit(2);
    chmod(canary, 0666);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(tcp, (struct sockaddr *)&in, n) || listen(tcp, 5) ||
        getsockname(tcp, (struct sockaddr *)&in, &n))
        exit(2);
    port = ntohs(in.sin_port);
    snprintf(abstract, sizeof abstract, "ulp-hostile-%d", (int)getpid());
    memcpy(local.sun_path + 1, abstract, strlen(abstract));
    un = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(un, (struct sockaddr *)&local,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                         strlen(abstract))) ||
        listen(un, 5))
        exit(2);
}

static struct code_verdict ask(struct code_verifier *v, const char *text)
{
    static char response[1 << 17];
    struct code_verdict d = {0};
    struct err e = {0};
    struct code_item item = {.prompt = prompt,
                             .n_prompt = strlen(prompt),
                             .response = response,
                             .test = test,
                             .n_test = strlen(test),
                             .entry_point = "f"};

    item.n_response = (size_t)snprintf(response, sizeof response,
                                       "```python\n%s```\n", text);
    T_CHECKF(!code_verify(v, &item, &d, &e), "%s", e.msg);
    return d;
}

static const char *outcome(const struct code_verdict *d)
{
    static const char *const names[] = {"fail", "no_answer", "timeout",
                                        "error"};

    return d->passed ? "pass" : names[d->status];
}

static int one_of(const char *word, const char *words)
{
    const char *at = strstr(words, word);
    size_t n = strlen(word);

    return at && (at == words || at[-1] == ' ') && (!at[n] || at[n] == ' ');
}

static void check_host(void)
{
    char *s = slurp(canary);

    T_EQ_STR(s, "sing");
    free(s);
    T_CHECK(access("/usr/lib/ulp_was_here", F_OK) != 0);
    T_CHECK(access("/usr/bin/ulp_was_here", F_OK) != 0);
    T_CHECKF(accept(tcp, NULL, NULL) < 0, "a TCP connection came out");
    T_CHECKF(accept(un, NULL, NULL) < 0, "a local connection came out");
}

/* Programs that run into a limit of time have one with short limits; the rest
 * may take theirs, on a busy machine too. */
static struct code_verifier *hasty, *patient;
static const struct program *current;

static void hostile(void)
{
    struct code_verifier *verifier = strstr(current->holds, "timeout")
                                         ? hasty
                                         : patient;
    struct code_verdict d = ask(verifier, current->text);

    T_CHECKF(one_of(outcome(&d), current->holds), "%s (%s), expected %s",
             outcome(&d), d.detail, current->holds);
    d = ask(verifier, next.text);
    T_CHECKF(d.passed, "next item: %s (%s)", outcome(&d), d.detail);
    d = ask(verifier, "def f(x):\n    return x + 1\n");
    T_CHECKF(d.passed, "right answer after it: %s", d.detail);
    d = ask(verifier, "def f(x):\n    return x + 2\n");
    T_CHECKF(!d.passed && d.status == CODE_OK, "wrong answer after it: %s",
             outcome(&d));
    check_host();
}

/* Processes of the sandboxes of process `pid`, or of user `uid`. */
static int left_running(pid_t pid, uid_t uid)
{
    DIR *d = opendir("/proc");
    struct dirent *x;
    int n = 0;

    while (d && (x = readdir(d)) != NULL) {
        char path[300];
        struct stat st;
        int p = atoi(x->d_name);

        snprintf(path, sizeof path, "/proc/%s", x->d_name);
        if (p <= 0 || p == (int)pid || stat(path, &st))
            continue;
        if (uid ? st.st_uid == uid
                : st.st_uid >> 7 == (0x60000000u >> 7) + (unsigned)pid)
            n++;
    }
    if (d)
        closedir(d);
    return n;
}

/* Runs into a limit of time; once, as the first user, is enough of these. */
static int is_slow(const struct program *p)
{
    return strstr(p->holds, "timeout") && strcmp(p->name, "spin") &&
           strcmp(p->name, "fork_bomb");
}

/* Every SHARDS-th program, in one verifier with one worker. */
static int run_shard(int shard, const char *who, uid_t uid)
{
    struct code_opts h = {
        .workers = 1, .wait_s = 2, .cpu_s = 1, .mem_bytes = 256u << 20};
    struct code_opts p = {
        .workers = 1, .wait_s = 60, .cpu_s = 10, .mem_bytes = 256u << 20};
    struct err e = {0};
    char name[200];
    const char *only = getenv("HOSTILE_ONLY");

    if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
                setresuid(uid, uid, uid)))
        return 2;
    if (code_open(&hasty, &h, &e) || code_open(&patient, &p, &e)) {
        printf("not ok hostile_%s: %s\n", who, e.msg);
        return 1;
    }
    for (int i = shard; i < n_programs; i += SHARDS) {
        current = &programs[i];
        if (only ? strcmp(only, current->name) != 0 : uid && is_slow(current))
            continue;
        snprintf(name, sizeof name, "hostile_%s_%s", who, current->name);
        t_run(name, hostile);
    }
    code_close(&hasty);
    code_close(&patient);
    int n = left_running(getpid(), uid), w = waitpid(-1, NULL, 0);
    if (n || w != -1) {
        printf("not ok hostile_%s_%d_all_gone: %d processes left, waitpid %d\n",
               who, shard, n, w);
        return 1;
    }
    printf("ok hostile_%s_%d_all_gone\n", who, shard);
    return t_any_failed;
}

static int run_all(const char *who, uid_t uid)
{
    int bad = 0, status;

    fflush(stdout);
    for (int i = 0; i < SHARDS; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            setvbuf(stdout, NULL, _IOLBF, 0);
            exit(run_shard(i, who, uid ? uid + (uid_t)i : 0));
        }
    }
    while (wait(&status) > 0)
        bad |= status != 0;
    return bad;
}

int main(void)
{
    struct code_verifier *v;
    struct code_opts o = {.workers = 1};
    struct err e = {0};

    if ((access("/usr/bin/bwrap", X_OK) || getenv("ULP_NO_SANDBOX")) &&
        code_open(&v, &o, &e)) {
        T_SKIP("verify_code_hostile",
               "no bubblewrap, or no user namespaces here");
        return 0;
    }
    lend();
    load_all();
    t_any_failed = n_programs < 40;
    t_any_failed |= run_all(geteuid() ? "user" : "root", 0);
    if (geteuid() == 0)
        t_any_failed |= run_all("user", 50000 + (uid_t)getpid() % 9000 * 2);
    unlink(canary);
    T_DONE();
}
