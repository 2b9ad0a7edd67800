// Counts calls in each thread apart, in a large thread-local block that no static reserve could hold.
static __thread struct { int padding[5000]; int count; } state = {.count = 100};

int count_up(void) {
    state.padding[4999] = state.count;
    return ++state.count;
}
