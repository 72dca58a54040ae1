/* on_gpu - the tests of tests/unit/cuda_*.c on a device instead of the
 * simulator
 *
 * pipelines/bench_gpu.mk compiles them with -include of this page. What a
 * test sets in the simulator does nothing here, and what it asks of it is 0
 * (on_gpu.c). Tests that are about the simulator's answers are skipped by
 * name; ON_GPU tells a test which of the two it runs on.
 */
#ifndef ULP_ON_GPU_H
#define ULP_ON_GPU_H
#define ON_GPU 1
#include "../unit/t.h"

/* They count what the simulator or its library did, or need it to fail. */
static const char *const on_gpu_skipped[] = {
    "a_class_asks_the_heuristic_once",
    "an_algorithm_that_does_not_stretch_is_sought_anew",
    "what_it_refuses_goes_another_way",
    "a_missing_library_is_named",
    "the_workspace_must_fit",
    "tiles_are_uploaded_once",
    "what_is_undefined_does_not_pass",
    NULL};

__attribute__((unused)) static void on_gpu_run(const char *name,
                                               void (*fn)(void))
{
    char full[128];

    for (int i = 0; on_gpu_skipped[i]; i++)
        if (!strcmp(name, on_gpu_skipped[i])) {
            T_SKIP(name, "about the simulator");
            return;
        }
    snprintf(full, sizeof full, "gpu_%s", name);
    t_run(full, fn);
}

#undef T_RUN
#define T_RUN(fn) on_gpu_run(#fn, fn)

#endif
