/* dir - an output directory that appears whole or not at all
 *
 * Written as NAME.tmp beside its place; commit syncs it and renames. A
 * directory of that name is exchanged with the new one in one step and then
 * removed. A killed process leaves NAME as it was, and a NAME.tmp that the
 * next create clears. NAME.tmp is locked from create to commit or abort; a
 * second process that creates NAME meanwhile is refused (not where the file
 * system cannot lock directories, as on NFS).
 */
#ifndef ULP_TRAIN_DIR_H
#define ULP_TRAIN_DIR_H
#include "../base/err.h"

struct dir;

/* Parents are made; a symbolic link is followed. */
int dir_create(struct dir **d, const char *path, struct err *e) MUST_CHECK;
/* Where to write; lent until commit or abort. */
const char *dir_tmp(const struct dir *d);
/* *d becomes NULL, on error too; one that is NULL is accepted. */
int dir_commit(struct dir **d, struct err *e) MUST_CHECK;
void dir_abort(struct dir **d); /* accepts NULL */
/* Removes a directory of files; one that is not there is no error. */
int dir_remove(const char *path, struct err *e) MUST_CHECK;
/* The same of a NAME.tmp, unless a process that lives is writing it. */
int dir_remove_left(const char *path, struct err *e) MUST_CHECK;

/* Copies FROM/name to TO/name, checked (lib/base/digests.h); a file that is not
 * there is no error. */
int dir_copy_file(const char *from, const char *to, const char *name,
                  struct err *e) MUST_CHECK;

#endif
