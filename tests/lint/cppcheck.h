/* cppcheck - macros of libraries whose headers cppcheck does not read */
#define json_object_foreach(o, k, v) for (; json_step(o, &k, &v);)
#define json_array_foreach(o, i, v) for (; json_step(o, &i, &v);)
