# raises its own limits
# holds: pass
import resource
def f(x):
    for name in ('AS', 'CPU', 'NPROC', 'FSIZE', 'NOFILE', 'CORE'):
        what = getattr(resource, 'RLIMIT_' + name)
        soft, hard = resource.getrlimit(what)
        for limit in (hard + 1, resource.RLIM_INFINITY):
            try:
                resource.setrlimit(what, (limit, limit))
                return name
            except (ValueError, OSError):
                pass
    return x + 1
