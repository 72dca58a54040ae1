# lint - files call each other one way, folders never up, exports have users:
# what tests/lint says of the build, and of a build with each fault in it
set -u
. tests/lib.sh lint
root=$PWD
if [ -z "${BUILD:-}" ] || [ ! -d "$BUILD/lib" ]; then
    echo "skip lint_of_the_build: no objects (BUILD)"
else
    is no_circle "" "$(tests/lint/circles "$BUILD" 2>&1)"
    is no_unused_export "" "$(tests/lint/unused "$BUILD" 2>&1)"
fi

cd "$T"
mkdir -p bin lib/base lib/text lib/stat kernels tests
file() { # FILE TEXT
    mkdir -p "b/${1%/*}"
    echo "$2" >"$1"
    "${CC:-gcc}" -c -o "b/${1%.c}.o" "$1"
}
file lib/text/a.c 'void a(void); void b(void); void b2(void); void a(void) { b(); }'
file lib/text/b.c 'void b(void); void c(void); void b(void) { c(); }'
file lib/text/c.c 'void c(void); void a(void); void base(void); void c(void) { a(); base(); }'
file lib/base/base.c 'void base(void); void base(void) {}'
file bin/m.c 'void a(void); int main(void) { a(); return 0; }'
is a_circle_of_three "circle: lib/text/a.c -(b)-> lib/text/b.c -(c)-> lib/text/c.c -(a)-> lib/text/a.c" \
    "$("$root/tests/lint/circles" b)"
file lib/text/c.c 'void c(void); void base(void); void c(void) { base(); }'
is one_way_is_fine "0 " "$("$root/tests/lint/circles" b; echo "$? ")"
file lib/base/base.c 'void base(void); void a(void); void base(void) { a(); }'
is a_floor_above "up: lib/base/base.c -(a)-> lib/text/a.c" \
    "$("$root/tests/lint/circles" b | grep ^up)"
file lib/base/base.c 'void base(void); void base(void) {}'
file lib/stat/s.c 'void s(void); void c(void); void s(void) { c(); }'
is a_room_beside "up: lib/stat/s.c -(c)-> lib/text/c.c" "$("$root/tests/lint/circles" b)"
file lib/stat/s.c 'void b(void); void b(void) {}'
is one_name_for_two "twice: b in lib/stat/s.c and lib/text/b.c" "$("$root/tests/lint/circles" b | grep ^twice)"
file lib/stat/s.c 'void s(void) {}'
mkdir lib/attic
file lib/attic/x.c 'int x(void) { return 0; }'
is a_room_without_a_floor "no floor: lib/attic/x.c" "$("$root/tests/lint/circles" b | grep ^no)"

file lib/stat/s.c 'int own(void) { return 1; } int s(void) { return own(); } int t(void) { return 2; }'
echo 'int t(void); int main(void) { return t(); }' >tests/x.c
echo 'static inline int nobody(void) { return 0; }' >lib/stat/s.h
is unused_exports "lib/attic/x.c: nothing uses x
lib/stat/s.c: no other file uses own: static
lib/stat/s.c: nothing uses s
lib/stat/s.c: only tests use t
lib/stat/s.h: nothing uses nobody" "$("$root/tests/lint/unused" b | grep -v unused.txt)"
is no_objects "nothing: no objects; run make first" "$("$root/tests/lint/circles" nothing 2>&1)"
