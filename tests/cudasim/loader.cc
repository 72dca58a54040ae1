/* loader - see dlfcn.h */
#include <string.h>
#include "dlfcn.h"
#include "loader.h"

static const struct library {
    const char *file;
    int (*has)(void);
    void *(*symbol)(const char *name);
} libraries[] = {
    {"libcublasLt.so.13", cudasim_has_cublas, cudasim_cublas_symbol},
    {"libnccl.so.2", cudasim_has_nccl, cudasim_nccl_symbol},
};

static const char *load_error;

void *cudasim_dlopen(const char *file, int)
{
    for (const library &l : libraries)
        if (!strcmp(file, l.file) && l.has())
            return (void *)&l;
    load_error = "cannot open shared object file";
    return NULL;
}

int cudasim_dlclose(void *)
{
    return 0;
}

char *cudasim_dlerror(void)
{
    const char *s = load_error;

    load_error = NULL;
    return const_cast<char *>(s);
}

void *cudasim_dlsym(void *so, const char *name)
{
    void *p = ((const library *)so)->symbol(name);

    if (!p)
        load_error = "undefined symbol";
    return p;
}
