/* base_file - outputs appear whole or not at all */
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/base/file.h"
#include "../../lib/base/hash.h"
#include "../../lib/base/json.h"
#include "t_dir.h"

static int has(const char *path, const char *text)
{
    struct filemap m;
    struct err e;
    int same;

    if (file_map(&m, path, &e) < 0)
        return 0;
    same = m.size == strlen(text) && (!m.size || !memcmp(m.data, text, m.size));
    file_unmap(&m);
    return same;
}

static void commit_replaces_and_abort_keeps(void)
{
    struct file *f;
    struct err e = {0};
    const char *path = in_dir("a");

    T_EQ_INT(file_create(&f, path, &e), 0);
    T_EQ_INT(file_write(f, "old", 3, &e), 0);
    T_CHECK(!file_exists(path));
    T_EQ_INT(file_commit(&f, &e), 0);
    T_CHECK(!f && has(path, "old"));
    T_EQ_INT(file_create(&f, path, &e), 0);
    T_EQ_INT(file_write(f, "new", 3, &e), 0);
    T_EQ_INT(file_flush(f, &e), 0);
    T_CHECK(has(path, "old"));
    file_abort(&f);
    T_CHECK(!f && has(path, "old"));
    file_abort(&f);
    T_EQ_INT(file_create(&f, path, &e), 0);
    T_EQ_INT(file_commit(&f, &e), 0);
    T_CHECK(has(path, ""));
    T_EQ_INT(file_create(&f, in_dir("no/such/dir"), &e), -ERR_IO);
    T_CHECK(strstr(e.msg, "no/such/dir: No such file"));
    T_EQ_INT(file_create(&f, dir, &e), -ERR_IO);
    T_CHECK(strstr(e.msg, "is a directory"));
}

static void a_link_is_followed(void)
{
    struct file *f;
    struct err e = {0};
    struct stat st;

    T_EQ_INT(symlink("target", in_dir("link")), 0);
    T_EQ_INT(file_create(&f, in_dir("target"), &e), 0);
    T_EQ_INT(file_commit(&f, &e), 0);
    T_EQ_INT(file_create(&f, in_dir("link"), &e), 0);
    T_EQ_INT(file_write(f, "x", 1, &e), 0);
    T_EQ_INT(file_commit(&f, &e), 0);
    T_CHECK(has(in_dir("target"), "x"));
    T_CHECK(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
}

/* by a second one, in another folder */
static void a_link_to_nothing_yet_is_followed(void)
{
    struct file *f;
    struct err e = {0};
    struct stat st;

    T_EQ_INT(mkdir(in_dir("sub"), 0777), 0);
    T_EQ_INT(symlink("sub/second", in_dir("first")), 0);
    T_EQ_INT(symlink("../new", in_dir("sub/second")), 0);
    T_EQ_INT(file_create(&f, in_dir("first"), &e), 0);
    T_EQ_INT(file_write(f, "x", 1, &e), 0);
    T_EQ_INT(file_commit(&f, &e), 0);
    T_CHECK(has(in_dir("new"), "x"));
    T_CHECK(lstat(in_dir("first"), &st) == 0 && S_ISLNK(st.st_mode));
    T_CHECK(lstat(in_dir("sub/second"), &st) == 0 && S_ISLNK(st.st_mode));
    T_EQ_INT(symlink("round", in_dir("round")), 0);
    T_EQ_INT(file_create(&f, in_dir("round"), &e), -ERR_IO);
    T_CHECK(lstat(in_dir("round"), &st) == 0 && S_ISLNK(st.st_mode));
    unlink(in_dir("round"));
    unlink(in_dir("first"));
    unlink(in_dir("new"));
    unlink(in_dir("sub/second"));
    T_EQ_INT(rmdir(in_dir("sub")), 0);
}

static void a_full_device_is_an_error(void)
{
    struct file *f;
    struct err e = {0};

    if (access("/dev/full", W_OK)) {
        printf("skip full_device: no /dev/full\n");
        return;
    }
    T_EQ_INT(file_create(&f, "/dev/full", &e), 0);
    T_EQ_INT(file_is_direct(f), 1);
    T_EQ_INT(file_write(f, "x", 1, &e), 0);
    T_EQ_INT(file_commit(&f, &e), -ERR_IO);
    T_EQ_STR(e.msg, "/dev/full: No space left on device");
    T_CHECK(!f);
}

static void large_writes_arrive(void)
{
    enum { N = 300000 };
    char *p = malloc(N);
    struct file *f;
    struct err e = {0};
    struct filemap m;

    for (int i = 0; i < N; i++)
        p[i] = (char)(i * 31 >> 3);
    T_EQ_INT(file_create(&f, in_dir("big"), &e), 0);
    for (int at = 0, n = 1; at < N; at += n, n = n * 3 % 150000 + 1) {
        if (n > N - at)
            n = N - at;
        T_EQ_INT(file_write(f, p + at, (size_t)n, &e), 0);
    }
    T_EQ_INT(file_commit(&f, &e), 0);
    T_EQ_INT(file_map(&m, in_dir("big"), &e), 0);
    T_CHECK(m.size == N && !memcmp(m.data, p, N));
    file_unmap(&m);
    free(p);
}

static void directories_are_made(void)
{
    struct err e = {0};

    T_EQ_INT(file_mkdirs(in_dir("x/y//z/"), &e), 0);
    T_EQ_INT(file_mkdirs(in_dir("x/y"), &e), 0);
    T_CHECK(file_exists(in_dir("x/y/z")));
    T_EQ_INT(file_mkdirs(in_dir("big/y"), &e), -ERR_IO);
    T_EQ_INT(file_mkdirs(in_dir("big"), &e), -ERR_IO);
}

static void json_files_are_sorted_and_exact(void)
{
    struct err e = {0};
    json_t *j;
    char hex[33];
    const char *text = "{\"b\":[1,0.1,{}],\"a\":\"\\u0000\\n\\\"\",\"c\":[]}";

    T_EQ_INT(json_read_text(&j, text, strlen(text), "t", &e), 0);
    T_EQ_INT(json_write_file(j, in_dir("j.json"), &e), 0);
    T_CHECK(has(in_dir("j.json"),
                "{\n  \"a\": \"\\u0000\\n\\\"\",\n  \"b\": [\n    1,\n"
                "    0.1,\n    {}\n  ],\n  \"c\": []\n}\n"));
    json_decref(j);
    T_EQ_INT(hash_file_hex128(in_dir("j.json"), hex, &e), 0);
    T_EQ_INT(strlen(hex), 32);
}

int main(void)
{
    dir = getenv("T");
    if (!dir) {
        T_SKIP("base_file", "no T");
        return 0;
    }
    T_RUN(commit_replaces_and_abort_keeps);
    T_RUN(a_link_is_followed);
    T_RUN(a_link_to_nothing_yet_is_followed);
    T_RUN(a_full_device_is_an_error);
    T_RUN(large_writes_arrive);
    T_RUN(directories_are_made);
    T_RUN(json_files_are_sorted_and_exact);
    T_DONE();
}
