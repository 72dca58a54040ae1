# code_driver - what runs inside a sandbox; see sandbox.h and code.h. In U the
# text of code_program.py stands before this one.
#
# The first process of the pid namespace is a warm interpreter that waits for
# one-letter messages: 'U' and 'T' fork a process for a job, 'E' ends it. Its
# children read the job from a descriptor; this process never does, so that a
# later job cannot find an earlier one in memory. Once the model's program
# has begun, nothing in its process is believed: see run_test for the side
# that decides.
import sys
sys.path[:] = [p for p in sys.path if p.startswith('/usr/lib/')]
# What this needs, and what is loaded in under a millisecond and often wanted:
# a sandbox that starts pays for all, and a program for what else it imports.
import array, bisect, builtins, collections, copy, functools, gc, heapq
import itertools, json, math, operator, os, random, re, resource, string, time
import types, typing, zlib
# signal and socket without enum's classes, which take longer than the modules
import _signal as signal, _socket as socket

MAX_FRAME = 4 << 20   # bytes of one message between program and test
MAX_ITEMS = 100000    # values taken from an iterator
MAX_DEPTH = 100


# --- plain data: values as JSON with one-letter tags ------------------------

class NotPlain(Exception):
    pass


def class_in(module, name):
    """A class of a module; before that is imported no value is of it."""
    return getattr(sys.modules.get(module), name, ())


class Opaque:
    """An answer that is no plain data; equal to nothing."""
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return '<%s>' % self.name

    def __eq__(self, other):
        return False

    __hash__ = object.__hash__


SEQUENCES = ((list, 'l'), (tuple, 't'), (set, 's'), (frozenset, 'z'),
             (collections.deque, 'e'))
VIEWS = (type({}.values()), type({}.items()))


def pack(x, strict, depth=0):
    if x is None or x is True or x is False:
        return x
    if depth > MAX_DEPTH:
        raise NotPlain('data nested deeper than %d' % MAX_DEPTH)
    if isinstance(x, str):
        return str.__str__(x)
    if isinstance(x, int):
        x = int.__add__(x, 0)
        return x if -2**53 < x < 2**53 else ['i', hex(x)]
    if isinstance(x, float):
        x = float.__add__(x, 0.0) if x != 0 else float(x)
        return x if math.isfinite(x) else ['f', repr(x)]
    for kind, tag in SEQUENCES:
        if isinstance(x, kind):
            return [tag] + [pack(y, strict, depth + 1)
                            for y in kind.__iter__(x)]
    if isinstance(x, dict):
        out = ['d']
        for k, v in dict.items(x):
            out.append(pack(k, strict, depth + 1))
            out.append(pack(v, strict, depth + 1))
        return out
    if isinstance(x, range):
        return ['r', *(pack(y, strict) for y in (x.start, x.stop, x.step))]
    if isinstance(x, complex):
        return ['c', pack(x.real, strict), pack(x.imag, strict)]
    if isinstance(x, (bytes, bytearray)):
        return ['b', bytes(x).hex()]
    if isinstance(x, class_in('fractions', 'Fraction')):
        return ['q', hex(x.numerator), hex(x.denominator)]
    if isinstance(x, class_in('decimal', 'Decimal')):
        return ['m', str(x)]
    if strict:
        raise NotPlain('a %s is no plain data' % type(x).__name__)
    if isinstance(x, type({}.keys())):
        return ['k'] + [pack(y, strict, depth + 1) for y in x]
    if isinstance(x, VIEWS) or hasattr(type(x), '__next__'):
        return ['g'] + [pack(y, strict, depth + 1)
                        for y in itertools.islice(x, MAX_ITEMS)]
    return ['o', type(x).__name__[:100]]


def unpack(x):
    if not isinstance(x, list):
        return x
    tag = x[0]
    if tag in ('i', 'f', 'b', 'o'):
        (text,) = x[1:]
        return {'i': lambda s: int(s, 16), 'f': float, 'b': bytes.fromhex,
                'o': Opaque}[tag](text)
    if tag == 'm':
        (text,) = x[1:]
        import decimal
        return decimal.Decimal(text)
    if tag == 'q':
        import fractions
        return fractions.Fraction(int(x[1], 16), int(x[2], 16))
    rest = [unpack(y) for y in x[1:]]
    if tag == 'd':
        return dict(zip(rest[::2], rest[1::2], strict=True))
    return {'l': list, 't': tuple, 's': set, 'z': frozenset,
            'e': collections.deque, 'g': iter,
            'k': lambda v: dict.fromkeys(v).keys(),
            'r': lambda v: range(*v), 'c': lambda v: complex(*v)}[tag](rest)


# --- messages ---------------------------------------------------------------

def send(fd, message):
    data = json.dumps(message).encode('ascii')
    if len(data) > MAX_FRAME:
        raise NotPlain('data of more than %d bytes' % MAX_FRAME)
    data = len(data).to_bytes(4, 'little') + data
    while data:
        data = data[os.write(fd, data):]


def receive(fd):
    """The next message. The two sides speak in turn, so that what is read
    past its end was sent out of turn."""
    data = b''
    size = 4
    while len(data) < size:
        part = os.read(fd, 1 << 16)
        if not part:
            raise EOFError
        data += part
        if size == 4 and len(data) >= 4:
            size += int.from_bytes(data[:4], 'little')
            if size > MAX_FRAME + 4:
                raise ValueError('a message of %d bytes' % size)
    if len(data) > size:
        raise ValueError('a message after the message')
    return json.loads(data[4:])


def fields(fd):
    """The texts of a job: a length in four bytes before each."""
    data, at, out = os.pread(fd, os.fstat(fd).st_size, 0), 0, []
    while at < len(data):
        n = int.from_bytes(data[at:at + 4], 'little')
        out.append(data[at + 4:at + 4 + n].decode('utf-8', 'replace'))
        at += 4 + n
    os.close(fd)
    return out


def module(name, prelude):
    """A fresh module's dict, prelude run in it unless it is prose."""
    m = types.ModuleType(name)
    sys.modules[name] = m
    try:
        code = compile(prelude, '<prompt>', 'exec', dont_inherit=True)
    except (SyntaxError, ValueError):
        return m.__dict__
    exec(code, m.__dict__)
    return m.__dict__


# --- U: the model's program -------------------------------------------------

def complain(fd, x):
    names = [c.__name__[:100] for c in type(x).__mro__]
    try:
        text = str(x)[:300]
    except BaseException:
        text = ''
    send(fd, ['raised', names, text])


def run_program(job, channel):
    prelude, program, entry, loose, *blocks = fields(job)
    try:
        space = module('solution', prelude)
        exec(the_program(program, entry, bool(loose), blocks, set(space)),
             space)
        function = space[entry]
        send(channel, ['ready'])
    except BaseException as x:
        complain(channel, x)
        return
    while True:
        _, args, kwargs = receive(channel)
        try:
            answer = pack(function(*unpack(args), **unpack(kwargs)), False)
            send(channel, ['answer', answer])
        except BaseException as x:
            complain(channel, x)
        answer = None


# --- T: the task's test -----------------------------------------------------

class Gone(BaseException):
    """The program can be asked no more."""


class Candidate:
    """Stands for the function; every answer is built here from data."""
    def __init__(self, channel, name):
        self.channel, self.calls, self.gone = channel, 0, None
        self.not_plain = None
        self.__name__ = self.__qualname__ = name

    def read(self):
        try:
            message = receive(self.channel)
            kind, value, *rest = *message, None
            if kind == 'answer':
                return kind, unpack(value), None
            if kind == 'raised':
                return kind, [str(n) for n in value], str(rest[0])
            if kind == 'ready':
                return kind, None, None
            raise ValueError('a message of an unknown kind')
        except (EOFError, ConnectionError):
            self.gone = 'the program ended itself'
        except Exception as x:
            self.gone = 'the program spoke out of turn: ' + type(x).__name__
        raise Gone

    def __call__(self, *args, **kwargs):
        if self.gone:
            raise Gone
        self.calls += 1
        try:
            request = ['call', pack(args, True), pack(kwargs, True)]
            send(self.channel, request)
        except NotPlain as x:
            self.not_plain = str(x)
            raise Gone
        except ConnectionError:
            self.gone = 'the program ended itself'
            raise Gone
        kind, value, text = self.read()
        if kind == 'answer':
            return value
        if kind != 'raised':
            self.gone = 'the program spoke out of turn'
            raise Gone
        raise self.exception(value, text)

    @staticmethod
    def exception(names, text):
        for name in names:
            c = getattr(builtins, name, None)
            if isinstance(c, type) and issubclass(c, Exception):
                try:
                    return c(text)
                except TypeError:  # UnicodeDecodeError wants more
                    pass
        return RuntimeError('%s: %s' % (names[0] if names else '?', text))


def where(x, source):
    """The line of the test that did not hold, and what was raised."""
    line, tb = 0, x.__traceback__
    while tb:
        if tb.tb_frame.f_code.co_filename == '<test>':
            line = tb.tb_lineno
        tb = tb.tb_next
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ''
    if isinstance(x, AssertionError):
        return 'line %d of the test: %s' % (line, text)
    return '%s: %s (line %d of the test: %s)' % (type(x).__name__,
                                                 str(x)[:80], line, text)


def judge(prelude, test, entry, channel):
    """('pass', 'fail' or 'error', why)."""
    candidate = Candidate(channel, entry)
    try:
        code = compile(test, '<test>', 'exec', dont_inherit=True)
    except (SyntaxError, ValueError) as x:
        return 'error', 'the test does not compile: %s' % x
    try:
        kind, value, text = candidate.read()
        if kind == 'raised':
            name = value[0] if value else '?'
            if name == 'KeyError' and text == repr(entry):
                return 'fail', 'the program defines no ' + entry
            return 'fail', 'the program does not load: %s: %s' % (name, text)
        if kind != 'ready':
            return 'fail', 'the program spoke out of turn'
        space = module('test', prelude)
        space[entry] = space['candidate'] = candidate
        exec(code, space)
        check = space.get('check')
        if check is not None and check is not candidate:
            check(candidate)
        outcome = 'pass', ''
    except Gone:
        outcome = 'fail', ''
    except BaseException as x:
        outcome = 'fail', where(x, test)
    if candidate.gone:
        return 'fail', '%s (call %d)' % (candidate.gone, candidate.calls)
    if candidate.not_plain:
        return 'error', ('the test passes what is no plain data: '
                         + candidate.not_plain)
    if not candidate.calls:
        return 'error', 'the test never calls the function: ' + outcome[1]
    return outcome


def run_test(job, channel, verdict):
    nonce, prelude, test, entry = fields(job)
    random.seed(zlib.crc32(test.encode('utf-8', 'replace')))
    outcome, why = judge(prelude, test, entry, channel)
    # the same words each time: no addresses
    why = re.sub('0x[0-9a-f]{6,}', '0x', ' '.join(why.split()))[:240]
    line = '%s %s %s\n' % (nonce, outcome, why)
    os.write(verdict, line.encode('utf-8', 'replace'))


# --- the first process ------------------------------------------------------

def child(role, fds, control, cpu_s, processes):
    control.close()
    null = os.open('/dev/null', os.O_RDWR)  # flags of an open file are shared
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    for what, limit in ((resource.RLIMIT_CPU, (cpu_s, cpu_s + 1)),
                        (resource.RLIMIT_NPROC, (processes, processes))):
        resource.setrlimit(what, limit)
    random.seed(0)
    (run_program if role == b'U' else run_test)(*fds)


def writable_places():
    """Changes with every file made, removed or renamed, and every chmod."""
    return [(s.st_mode, s.st_uid, s.st_nlink, s.st_atime_ns, s.st_mtime_ns,
             s.st_ctime_ns) for s in map(os.stat, ('/tmp', '/dev/shm'))]


def end(pid):
    """Kill all but this process; wait status and CPU time (ms) of pid."""
    status = used = 0
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while True:
        try:
            done, code, usage = os.wait3(0)
        except ChildProcessError:
            return status, used
        if done == pid:
            status = code
            used = int(1000 * (usage.ru_utime + usage.ru_stime))


def order(control):
    """The next message, and the descriptors that came with it."""
    fds = array.array('i')
    message, extra, _, _ = control.recvmsg(16, socket.CMSG_LEN(4 * 4))
    for _, _, data in extra:
        fds.frombytes(data)
    return message, list(fds)


def serve(control, cpu_s, processes):
    before, pid = writable_places(), 0
    while True:
        message, fds = order(control)
        if message in (b'U', b'T'):
            pid = os.fork()
            if pid == 0:
                try:
                    child(message, fds, control, cpu_s, processes)
                finally:
                    os._exit(0)
            for fd in fds:
                os.close(fd)
        elif message == b'E':
            numbers = end(pid)
            clean = b'C' if writable_places() == before else b'D'
            control.send(clean + b''.join(n.to_bytes(4, 'little')
                                          for n in numbers))
        else:
            return


def warm():
    """Use once what every job uses, so that its child finds it made."""
    space = {}
    program = ('from typing import List\nimport math\n'
               'def f(x: List[int]) -> int:\n    """ . """\n'
               '    return sum(y + 1 for y in x if y > 0 and y % 2)\n')
    exec(compile(program, '<warm>', 'exec', dont_inherit=True), space)
    exec(compile('def check(candidate):\n    assert candidate([1]) == 2, "."\n',
                 '<warm>', 'exec', dont_inherit=True), space)
    read, write = os.pipe()
    candidate = Candidate(read, 'f')
    send(write, ['answer', pack([1.5, 'a', (2, None)], False)])
    candidate.read()
    space['check'](space['f'])
    random.seed(zlib.crc32(b'warm'))
    os.close(read)
    os.close(write)


def main():
    # As first process of its namespace this one is deaf to every signal that
    # it has no handler for, SIGKILL included.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    control = socket.socket(fileno=int(sys.argv[1]))
    null = os.open('/dev/null', os.O_RDWR)
    warm()
    control.send(b'H')
    os.dup2(null, 2)
    os.close(null)
    gc.collect()
    gc.freeze()
    serve(control, int(sys.argv[2]), int(sys.argv[3]))


main()
