/* event - TensorBoard's events, encoded by hand
 *
 *     event_version(&file);
 *     event_open(&v, wall_time, step);
 *     event_scalar(&v, "train/reward", 0.5f);
 *     event_close(&v, &file);
 *
 * Messages of tensorboard/compat/proto/event.proto and summary.proto: Event
 * { double wall_time = 1; int64 step = 2; string file_version = 3; Summary
 * summary = 5; }, Summary { repeated Value value = 1; }, Value { string tag =
 * 1; float simple_value = 2; }.
 */
#ifndef ULP_REPORT_EVENT_H
#define ULP_REPORT_EVENT_H
#include <stdint.h>
#include "../base/buf.h"

struct event {
    double wall_time;
    int64_t step; /* >= 0 */
    struct buf summary;
};

/* The first record of a file. */
void event_version(struct buf *file);
void event_open(struct event *v, double wall_time, int64_t step);
void event_scalar(struct event *v, const char *tag, float value);
/* Puts the record behind those of the file; frees v's memory. */
void event_close(struct event *v, struct buf *file);

#endif
