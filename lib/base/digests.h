/* digests - files of a model directory held against digests written with them
 *
 * DIR/trainer_state.json (a checkpoint) or DIR/digests.json (a model that
 * pretrain made) is a JSON object with two members for this:
 *
 *   files   {NAME: digest}, one for every other file of DIR
 *   digest  of the object's own file, with these 32 digits as zeros
 *
 * A digest is XXH3-128 of the bytes as 32 hex digits, as xxh128sum prints it.
 * Where there is a list, a file that is read must be listed and have that
 * digest; otherwise the error (ERR_DATA) names the file. A directory with
 * neither, such as a model from Hugging Face, is taken as it is. A directory
 * with optimizer.safetensors and no trainer_state.json is refused: a checkpoint
 * that lost its state. The trainer_state.json of Hugging Face's Trainer is not
 * one of ours and counts as absent.
 */
#ifndef ULP_BASE_DIGESTS_H
#define ULP_BASE_DIGESTS_H
#include <jansson.h>
#include "file.h"

/* The two files that hold a list; see above. */
#define DIGESTS_STATE "trainer_state.json"
#define DIGESTS_MODEL "digests.json"

/* 1: *list is the object of DIR's list, its own digest checked; the caller
 * calls json_decref. 0: DIR has none, and *list is NULL. */
int digests_read(json_t **list, const char *dir, struct err *e) MUST_CHECK;
/* DIGESTS_STATE or DIGESTS_MODEL: the file that `list` was read from. */
const char *digests_file(const json_t *list);

/* DIR/NAME mapped and checked: 1. 0: it is not there, and not listed. */
int digests_map(struct filemap *m, const char *dir, const char *name,
                struct err *e) MUST_CHECK;
/* The same, parsed as JSON; the caller calls json_decref. */
int digests_json(json_t **out, const char *dir, const char *name,
                 struct err *e) MUST_CHECK;

/* Mapped files checked by one thread while the caller reads them. */
struct digest_check;

/* An empty set of files to check; digests_close frees it. */
struct digest_check *digests_open(void);
/* Adds the file `path`, mapped at m; its directory's list is looked up. Both
 * must last until digests_close. */
int digests_add(struct digest_check *c, const char *path,
                const struct filemap *m, struct err *e) MUST_CHECK;
/* Starts the thread; without one digests_close checks the files itself. */
void digests_start(struct digest_check *c);
/* Waits for the thread. A file that differs from its digest is the error,
 * named; *c becomes NULL. NULL is accepted. */
int digests_close(struct digest_check **c, struct err *e) MUST_CHECK;

/* The file `path`, whose digest was taken already, against its directory's
 * list. */
int digests_known(const char *path, const char digest[33],
                  struct err *e) MUST_CHECK;

/* Gives `list` the members files and digest and writes it to DIR/FILE, which is
 * DIGESTS_STATE or DIGESTS_MODEL. Every file of DIR is listed: with the digest
 * that `known` (NAME: digest, or NULL) has for it, or else it is read. */
int digests_write(json_t *list, const json_t *known, const char *dir,
                  const char *file, struct err *e) MUST_CHECK;
/* Takes the files of DIR as they are now: writes its list anew. A directory
 * with config.json and no list gets DIGESTS_MODEL. */
int digests_accept(const char *dir, struct err *e) MUST_CHECK;

#endif
